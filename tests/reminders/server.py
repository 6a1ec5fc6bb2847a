"""A mail server on loopback (RFC 5321) for the tests of reminders: it keeps what it takes, and misbehaves when told to.

    server.py FOLDER [--tls starttls|implicit|none] [--certificate PEM --key PEM] [--user NAME --password WORD]

It prints its port. Each e-mail that comes whole is FOLDER/N.eml, and FOLDER/N.to has its recipients. How it behaves
stands in FOLDER/behaviour and is read for each e-mail: `take` it; `later`, 451 for it; `never`, 550 for its
recipients; `cut` the connection when it has come whole; `slow`, no answer for a minute when it has come whole; `never ADDRESS`,
550 for that recipient only.
"""

import argparse
import asyncio
import pathlib
import ssl

from aiosmtpd.smtp import SMTP, AuthResult


class Keeper:
    def __init__(self, folder):
        self.folder = folder
        self.number = 0

    def behaviour(self):
        path = self.folder / "behaviour"
        return path.read_text().strip() if path.exists() else "take"

    async def handle_RCPT(self, server, session, envelope, address, options):
        word, _, whom = self.behaviour().partition(" ")
        if word == "never" and whom in ("", address):
            return f"550 5.1.1 <{address}> has left"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.behaviour() == "later":
            return "451 4.3.0 <somebody@council.example> come again"
        self.number += 1
        (self.folder / f"{self.number}.to").write_text("\n".join(envelope.rcpt_tos))
        beside = self.folder / f"{self.number}.part"
        beside.write_bytes(envelope.original_content)
        beside.rename(self.folder / f"{self.number}.eml")
        if self.behaviour() == "cut":
            server.transport.abort()
        if self.behaviour() == "slow":
            await asyncio.sleep(60)
        return "250 taken"


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--tls", choices=["starttls", "implicit", "none"], default="none")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--user")
    parser.add_argument("--password")
    given = parser.parse_args()

    context = None
    if given.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(given.certificate, given.key)
    wanted = (given.user or "").encode(), (given.password or "").encode()

    def authenticate(server, session, envelope, mechanism, data):
        is_well = (data.login, data.password) == wanted
        return AuthResult(success=is_well, handled=True if is_well else False)

    keeper = Keeper(given.folder)

    def line():
        return SMTP(
            keeper,
            hostname="localhost",
            tls_context=context if given.tls == "starttls" else None,
            require_starttls=given.tls == "starttls",
            authenticator=authenticate if given.user else None,
            auth_required=bool(given.user),
            auth_require_tls=given.tls == "starttls",
        )

    implicit = context if given.tls == "implicit" else None
    server = await asyncio.get_running_loop().create_server(line, "127.0.0.1", 0, ssl=implicit)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
