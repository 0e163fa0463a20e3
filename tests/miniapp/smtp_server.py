# SPDX-License-Identifier: MIT
# smtp_server.py PORT DELAY PASSWORD: an SMTP server on 127.0.0.1 for tests, by aiosmtpd. PORT may be 0. It takes DELAY
# seconds for each mail, refuses recipients that begin with `refused`, and writes a line to stderr for each mail. Unless
# PASSWORD is empty, its clients must log in with it.
import asyncio
import email
import json
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self, delay):
        self.delay = delay

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(self.delay)
        mail = email.message_from_bytes(envelope.content)
        line = {
            "mail": envelope.rcpt_tos[0],
            "from": envelope.mail_from,
            "subject": mail["Subject"],
            "id": mail["Message-ID"],
            "text": mail.get_payload(decode=True).decode("utf-8"),
        }
        print(json.dumps(line, ensure_ascii=False), file=sys.stderr, flush=True)
        return "250 OK"


async def main(port, delay, password):
    loop = asyncio.get_running_loop()

    def log_in(server, session, envelope, mechanism, data):
        return AuthResult(success=data.password == password.encode(), handled=False)

    def serve():
        return SMTP(Handler(delay), hostname="test", loop=loop, authenticator=log_in, auth_required=password != "",
                    auth_require_tls=False)

    server = await loop.create_server(serve, "127.0.0.1", port, reuse_address=True)
    print(json.dumps({"listening": server.sockets[0].getsockname()[1]}), file=sys.stderr, flush=True)
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]))
