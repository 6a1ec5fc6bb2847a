#!/usr/bin/env python3
"""Makes the files of tests/pack/files, and the sample pack. README.md says what is needed.

Everything in them is made up. Every text holds the words PERIWINKLE LANTERN, for which the tests look in places where
no text of a document may be.
"""

import datetime
import email.message
import email.policy
import io
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from xml.sax.saxutils import escape

import docx
import msoffcrypto.format.ooxml
import pikepdf
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

HERE = pathlib.Path(__file__).resolve().parent
FILES = HERE / "files"
SAMPLE = HERE.parent.parent / "samples" / "packs" / "lincolnshire-700002"
NARRATIVE = "Synthetic narrative of a periwinkle lantern; no child is meant, and nothing in it has happened. "
CHANGED = datetime.datetime(2026, 11, 20, 9, 30)

CHILDREN = {
    100002: ("Sample Child-2", "15/04/2010"),
    100003: ("Sample Child-3", "16/05/2011"),
    100009: ("Sample Child-9", "22/02/2010"),
}


def header(person, dated):
    name, birth = CHILDREN[person]
    return [("Name of child", name), ("Date of birth", birth), ("Mosaic ID", str(person)), ("Date of report", dated)]


def entries():
    days = ["3/2/2026", "17/3/2026", "9/6/2026", "2/9/2026", "14/10/2026", "6/11/2026"]
    return [(day, f"Synthetic entry {n}: {NARRATIVE}") for n, day in enumerate(days, 1)]


# --- LibreOffice -------------------------------------------------------------------------------------------------


def fodt(title, rows, table, paragraphs, properties_title=""):
    """A flat OpenDocument text, from which LibreOffice makes everything else."""
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    row = lambda cells: "<table:table-row>" + "".join(cell.format(escape(c)) for c in cells) + "</table:table-row>"
    drawn = lambda name, lines: (
        f'<table:table table:name="{name}"><table:table-column table:number-columns-repeated="2"/>'
        + "".join(row(line) for line in lines) + "</table:table>" if lines else ""
    )
    body = f'<text:h text:outline-level="1">{escape(title)}</text:h>' if title else ""
    body += drawn("About", rows)
    body += "".join(f"<text:p>{escape(p)}</text:p>" for p in paragraphs)
    body += drawn("Entries", table)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
 office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.text">
<office:meta><dc:title>{escape(properties_title)}</dc:title><dc:date>{CHANGED.isoformat()}</dc:date></office:meta>
<office:body><office:text>{body}<text:p/></office:text></office:body></office:document>"""


def fods(rows):
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    dated = '<table:table-cell table:style-name="day" office:value-type="date" office:date-value="{}"/>'
    number = '<table:table-cell office:value-type="float" office:value="{}"/>'

    def written(value):
        if isinstance(value, datetime.date):
            return dated.format(value.isoformat())
        return number.format(value) if isinstance(value, int) else cell.format(escape(value))

    lines = "".join("<table:table-row>" + "".join(map(written, row)) + "</table:table-row>" for row in rows)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0"
 office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.spreadsheet">
<office:automatic-styles><number:date-style style:name="N1"><number:day/><number:text>/</number:text><number:month/>
<number:text>/</number:text><number:year number:style="long"/></number:date-style>
<style:style style:name="day" style:family="table-cell" style:data-style-name="N1"/></office:automatic-styles>
<office:body><office:spreadsheet><table:table table:name="Sheet1">{lines}</table:table></office:spreadsheet></office:body>
</office:document>"""


def office(source, ending, to, kind):
    """Has LibreOffice turn a flat file into another type."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        flat = folder / f"in.{'fods' if kind == 'calc' else 'fodt'}"
        flat.write_text(source, encoding="utf-8")
        command = ["soffice", f"-env:UserInstallation=file://{tempfile.gettempdir()}/tessera-soffice", "--headless"]
        subprocess.run([*command, "--convert-to", ending, "--outdir", folder, flat], check=True, capture_output=True)
        shutil.copyfile(folder / f"in.{ending.split(':')[0]}", to)


def writer(name, title, rows, table=(), paragraphs=(NARRATIVE,), ending=None, properties_title="", folder=FILES):
    to = folder / name
    office(fodt(title, rows, table, paragraphs, properties_title), ending or name.rsplit(".", 1)[1], to, "writer")
    return to


# --- Word's structure --------------------------------------------------------------------------------------------


def word(name, title, rows, paragraphs=(NARRATIVE,), folder=FILES, running=None):
    """A document on python-docx's template, which Word has saved."""
    document = docx.Document()
    document.add_heading(title, 0)
    table = document.add_table(rows=0, cols=2)
    for label, value in rows:
        cells = table.add_row().cells
        # Word cuts what a person types into runs, in the middle of words too.
        for run in (label[:3], label[3:], ":"):
            cells[0].paragraphs[0].add_run(run)
        cells[1].text = value
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    if running:
        document.sections[0].header.paragraphs[0].text = running
    document.core_properties.modified = CHANGED
    document.core_properties.title = ""
    document.core_properties.author = ""
    document.core_properties.comments = ""
    document.save(folder / name)
    return folder / name


# --- ReportLab, Ghostscript, pikepdf -----------------------------------------------------------------------------


def drawn(name, title, rows, folder=FILES, form=False):
    """A PDF of the fonts that every reader has, without maps for searching."""
    page = canvas.Canvas(str(folder / name), pagesize=A4, invariant=1)
    y = 800
    page.setFont("Helvetica-Bold", 16)
    page.drawString(50, y, title)
    for label, value in rows:
        y -= 22
        page.setFont("Helvetica-Bold", 11)
        page.drawString(50, y, f"{label}:")
        page.setFont("Helvetica", 11)
        if form:
            page.acroForm.textfield(name=label, value=value, x=180, y=y - 4, width=200, height=16, borderWidth=0)
        else:
            page.drawString(180, y, value)
    page.drawString(50, y - 40, NARRATIVE)
    page.save()
    return folder / name


def repeated(path, times):
    """The same page again and again: a long PDF that takes little room."""
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        for _ in range(times - 1):
            pdf.pages.append(pdf.pages[0])
        pdf.save(path, object_stream_mode=pikepdf.ObjectStreamMode.generate, recompress_flate=True, deterministic_id=True)


def locked(source, name, user, owner):
    with pikepdf.open(source) as pdf:
        pdf.save(FILES / name, encryption=pikepdf.Encryption(user=user, owner=owner, R=6))


def bundled(sources, name):
    """Each page drawn as a form on a page of its own, as programs that merge bundles do."""
    with pikepdf.new() as bundle:
        for source in sources:
            with pikepdf.open(source) as pdf:
                for page in pdf.pages:
                    target = bundle.add_blank_page(page_size=A4)
                    form = bundle.copy_foreign(page.as_form_xobject())
                    name_of = target.add_resource(form, pikepdf.Name.XObject)
                    target.contents_add(f"q 1 0 0 1 0 0 cm {name_of} Do Q".encode())
        bundle.save(FILES / name, deterministic_id=True)


def distilled(source, name):
    command = ["gs", "-q", "-dNOPAUSE", "-dBATCH", "-sDEVICE=pdfwrite", f"-sOutputFile={FILES / name}", source]
    subprocess.run(command, check=True)


# --- Pictures and scans ------------------------------------------------------------------------------------------


def picture(lines, size=(620, 440), mode="L"):
    image = Image.new(mode, size, 255)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=18)
    for number, line in enumerate(lines):
        draw.text((30, 30 + 34 * number), line, fill=0, font=font)
    draw.rectangle((60, 250, 160, 330), outline=0, width=3)
    draw.ellipse((320, 250, 420, 330), outline=0, width=3)
    draw.line((160, 290, 320, 290), fill=0, width=3)
    return image


def searchable(name, image, lines):
    """A scan with the text that a scanner has recognised, drawn so that nobody sees it."""
    page = canvas.Canvas(str(FILES / name), pagesize=A4, invariant=1)
    page.drawInlineImage(image, 0, 300, width=595, height=420)
    text = page.beginText(50, 800)
    text.setFont("Helvetica", 11)
    text.setTextRenderMode(3)
    for line in lines:
        text.textLine(line)
    page.drawText(text)
    page.save()


# --- The files ---------------------------------------------------------------------------------------------------


def message(name, subject, body, attachments, folder=FILES):
    mail = email.message.EmailMessage(policy=email.policy.SMTP)
    mail["From"], mail["To"] = "worker@council.example", "panel@council.example"
    mail["Date"], mail["Subject"] = "Fri, 20 Nov 2026 09:30:00 +0000", subject
    mail.set_content(body)
    for path, kind in attachments:
        main, sub = kind.split("/")
        mail.add_attachment(path.read_bytes(), maintype=main, subtype=sub, filename=path.name)
    mail.set_boundary("tessera-boundary")
    (folder / name).write_bytes(mail.as_bytes())


def files():
    shutil.rmtree(FILES, ignore_errors=True)
    FILES.mkdir(parents=True)
    word_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

    chronology = writer("chronology-libreoffice.pdf", "Chronology", header(100002, "20/11/2026"), entries())
    assessment = writer("assessment-libreoffice.docx", "Child and family assessment", header(100003, "12/11/2026"))
    writer("assessment-libreoffice.doc", "Child and family assessment", header(100003, "12/11/2026"))
    writer("blank-libreoffice.pdf", "", [], paragraphs=())
    office(fods([["Chronology"], ["Mosaic ID", 100002], ["Date of report", datetime.date(2026, 11, 20)], *entries()]),
           "xlsx", FILES / "chronology-libreoffice.xlsx", "calc")

    word("plan-word.docx", "Family Group Conference Plan", header(100002, "10/11/2026"), running="OFFICIAL-SENSITIVE")
    document = docx.Document(assessment)
    document.core_properties.author = ""
    document.save(FILES / "assessment-saved-again.docx")
    word("wrong-birth-word.docx", "Family safety plan",
         [("Name of child", "Sample Child-2"), ("Date of birth", "15/04/2011"), ("Date of plan", "2/11/2026")])
    lock = msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(assessment.read_bytes()))
    with open(FILES / "assessment-locked.docx", "wb") as to:
        lock.encrypt("a password", to)

    drawn("another-child-reportlab.pdf", "Chronology", header(100009, "18/11/2026"))
    drawn("form-reportlab.pdf", "Section 20 consent", header(100002, "16/11/2026"), form=True)
    repeated(drawn("pages-500-reportlab.pdf", "Legal advice", header(100002, "9/11/2026")), 500)
    distilled(drawn("direct.pdf", "Direct work with the child", header(100002, "5/11/2026")), "direct-ghostscript.pdf")
    (FILES / "direct.pdf").unlink()
    mapping = drawn("mapping.pdf", "Signs of Safety mapping", header(100002, "4/11/2026"))
    bundled([mapping], "mapping-bundled.pdf")
    mapping.unlink()
    locked(chronology, "chronology-user-password.pdf", "a password", "another")
    locked(chronology, "chronology-owner-password.pdf", "", "another")

    family = ["Genogram", "Sample Child-2", "Synthetic"]
    picture(family).save(FILES / "genogram.png", optimize=True)
    picture(family).convert("RGB").save(FILES / "genogram-photo.jpg", quality=40)
    picture(family, (1240, 880)).convert("1").save(FILES / "eco-map-scan.pdf", resolution=150, title="", producer="")
    searchable("viability-searchable.pdf", picture(["Viability assessment"], (310, 220), "L"),
               ["Viability assessment", "Mosaic ID: 100002", "Date of assessment: 3/11/2026", NARRATIVE])

    advice = word("Legal advice.docx", "Legal advice", header(100002, "17/11/2026"))
    message("papers.eml", "Chronology and other papers", f"Please find them attached. {NARRATIVE}",
            [(advice, word_type), (FILES / "genogram.png", "image/png")])
    advice.unlink()
    message("note.eml", "Chronology to follow", f"I shall send it tomorrow. {NARRATIVE}", [])
    (FILES / "supervision.txt").write_bytes(
        f"Supervision record\r\nMosaic ID 100002\r\nDated 13/11/2026\r\nThe carer’s view. {NARRATIVE}\r\n".encode("cp1252"))


def sample():
    """What a social worker might hand in for the first of the sample requests that is incomplete."""
    shutil.rmtree(SAMPLE, ignore_errors=True)
    SAMPLE.mkdir(parents=True)
    synthetic = ["Synthetic: made up for this sample; no child is meant, and nothing in it has happened."]
    word("Child and family assessment.docx", "Child and family assessment", header(100003, "19/11/2026"),
         synthetic, SAMPLE)
    writer("Family group conference plan.pdf", "Family group conference plan", header(100002, "6/11/2026"), (),
           synthetic, folder=SAMPLE)
    drawn_ = canvas.Canvas(str(SAMPLE / "Case chronology.pdf"), pagesize=A4, invariant=1)
    y = 800
    for line in ["Chronology of significant events", "Mosaic ID: 100009", "Date of birth: 22/02/2010",
                 "Date of report: 18/11/2026", *synthetic]:
        drawn_.setFont("Helvetica", 11)
        drawn_.drawString(50, y, line)
        y -= 20
    drawn_.save()
    picture(["Genogram", "Synthetic"], (420, 360)).save(SAMPLE / "Genogram.png", optimize=True)
    message("Papers for the panel.eml", "Papers for the panel", "Please find the note of the direct work attached.",
            [(word("Direct work.docx", "Direct work with the child", header(100002, "12/11/2026"), synthetic, SAMPLE),
              "application/vnd.openxmlformats-officedocument.wordprocessingml.document")], SAMPLE)
    (SAMPLE / "Direct work.docx").unlink()


if __name__ == "__main__":
    which = sys.argv[1:] or ["files", "sample"]
    if "files" in which:
        files()
    if "sample" in which:
        sample()
