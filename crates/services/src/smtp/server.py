"""An SMTP server that writes each mail it takes into a folder, as a file of JSON. Arguments: the
port; the folder, with `server.pem` and `server.key` where there is TLS; `plain`, `starttls` or
`tls`; and user and password, without which nobody gets in where they are given.

What a recipient's name begins with decides too: `refused` is refused for good, `busyN` is told
to come again N times.
"""

import asyncio
import email
import email.policy
import json
import os
import re
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

PORT, FOLDER, TLS = int(sys.argv[1]), sys.argv[2], sys.argv[3]
LOGIN = tuple(argument.encode() for argument in sys.argv[4:6])


class Handler:
    def __init__(self):
        self.taken = 0
        self.turned_away = {}

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return f"550 5.1.1 <{address}>: no such user, said the server of {address}"
        busy = re.match(r"busy(\d+)", address)
        if busy:
            so_far = self.turned_away.get(address, 0)
            self.turned_away[address] = so_far + 1
            if so_far < int(busy[1]):
                return f"451 4.7.1 <{address}>: come again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        part = lambda kind: message.get_body((kind,))
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": TLS == "tls" or session.ssl is not None,
            "signed_in": session.auth_data is not None,
            "port": session.peer[1],
            "headers": [[name, str(value)] for name, value in message.items()],
            "text": part("plain") and part("plain").get_content(),
            "html": part("html") and part("html").get_content(),
            "raw": envelope.content.decode("latin-1"),
        }
        self.taken += 1
        path = os.path.join(FOLDER, f"{self.taken:06}.json")
        with open(path + ".part", "w") as file:
            json.dump(mail, file)
        os.rename(path + ".part", path)
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == LOGIN
    return AuthResult(success=good, auth_data=good or None, handled=False)


def context():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*(os.path.join(FOLDER, name) for name in ("server.pem", "server.key")))
    return made


async def main():
    handler = Handler()

    def connection():
        return SMTP(
            handler,
            hostname="mail.test",
            tls_context=context() if TLS == "starttls" else None,
            require_starttls=TLS == "starttls",
            auth_required=bool(LOGIN),
            auth_require_tls=TLS == "starttls",
            authenticator=authenticate,
        )

    # The second address is in no certificate.
    server = await asyncio.get_running_loop().create_server(
        connection, ["127.0.0.1", "127.0.0.2"], PORT, ssl=context() if TLS == "tls" else None
    )
    await server.serve_forever()


asyncio.run(main())
