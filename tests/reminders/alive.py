"""That the mail server of the tests starts, takes an e-mail from another library, and can be told to refuse one."""

import pathlib
import smtplib
import subprocess
import sys
import tempfile

with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    server = subprocess.Popen(
        [sys.executable, pathlib.Path(__file__).with_name("server.py"), folder], stdout=subprocess.PIPE, text=True
    )
    try:
        port = int(server.stdout.readline())
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as line:
            line.sendmail("a@council.example", ["b@council.example"], "Subject: one\n\nText\n")
            (folder / "behaviour").write_text("later")
            try:
                line.sendmail("a@council.example", ["b@council.example"], "Subject: two\n\nText\n")
            except smtplib.SMTPDataError as error:
                assert error.smtp_code == 451, error
            else:
                sys.exit("it takes what it was told to refuse")
        assert (folder / "1.to").read_text() == "b@council.example"
        assert (folder / "1.eml").is_file() and not (folder / "2.eml").exists()
    finally:
        server.kill()
        server.wait()
print("the mail server takes and refuses as it is told")
