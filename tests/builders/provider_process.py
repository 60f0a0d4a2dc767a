"""A whole OpenID Connect provider (canaille), as a process of its own with users, groups and one client.

Run as `python provider_process.py PORT REDIRECT_URI DATABASE_FILE`; it says `ready` and serves until it is
ended. Nothing of Tollbook is imported here.
"""

import sys

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from joserfc.jwk import RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server

USERS = ("ann", "bob", "cy", "dora")
GROUPS = {"it": ["ann"], "books": ["ann", "bob"]}


class Quiet(WSGIRequestHandler):
    def log(self, *_args: object) -> None:
        pass


def main(port: int, redirect_uri: str, database: str) -> None:
    key = RSAKey.generate_key(2048, auto_kid=True).as_dict(private=True)
    app = create_app({
        "SECRET_KEY": "x" * 40,
        "SERVER_NAME": f"127.0.0.1:{port}",
        "PREFERRED_URL_SCHEME": "http",
        "CANAILLE": {"DATABASE": "sql"},
        # A file: its store in memory finds a code that nobody exchanged instead of the one that is asked for.
        "CANAILLE_SQL": {"DATABASE_URI": f"sqlite:///{database}", "PASSWORD_SCHEMES": "pbkdf2_sha512"},
        "CANAILLE_OIDC": {"ACTIVE_JWKS": [key]},
    })  # fmt: skip
    # A claim that it can send and whose setting it does not know. Dora's address is one that nobody verified.
    verified = "{{ 'false' if user.user_name == 'dora' else 'true' }}"
    app.config["CANAILLE_OIDC"]["USERINFO_MAPPING"]["EMAIL_VERIFIED"] = verified
    with app.app_context():
        users = {}
        for name in USERS:
            users[name] = models.User(
                formatted_name=f"{name.title()} Able", given_name=name.title(), family_name="Able", user_name=name,
                emails=[f"{name}@acme.example"], password=f"password-of-{name}",
            )  # fmt: skip
            Backend.instance.save(users[name])
        for group, members in GROUPS.items():
            Backend.instance.save(models.Group(display_name=group, members=[users[one] for one in members]))
        client = models.Client(
            client_id="tollbook", client_secret="s3cret of tollbook", client_name="Tollbook",
            client_uri="http://127.0.0.1", redirect_uris=[redirect_uri], grant_types=["authorization_code"],
            response_types=["code"], scope=["openid", "profile", "email", "groups"],
            token_endpoint_auth_method="client_secret_post",
            # A random part in each signature: else two access tokens of one second are the same, and refused.
            id_token_signed_response_alg="PS256",
        )  # fmt: skip
        Backend.instance.save(client)
        client.audience = [client]  # known by the id that saving gave
        Backend.instance.save(client)
    server = make_server("127.0.0.1", port, app, request_handler=Quiet)
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
