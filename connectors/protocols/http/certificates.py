"""TLS as an agency wants it: our own certificate, or an authority of its own."""

import os
import ssl
import tempfile
from pathlib import Path

import httpx2

from connectors.protocols.http.auth import ClientTls


def tls_context(tls: ClientTls) -> ssl.SSLContext:
    """Make the context of one system; raises ValueError for what is no certificate.

    The library reads certificates from files only: the key is written to a file that
    only we can read, for as long as reading it takes.
    """
    context = httpx2.create_ssl_context()
    try:
        if tls.authority is not None:
            context.load_verify_locations(cadata=tls.authority.get_secret_value())
        if tls.certificate is not None and tls.key is not None:
            pair = (tls.certificate.get_secret_value(), tls.key.get_secret_value())
            _load(context, "\n".join(pair))
    except ssl.SSLError as error:
        msg = f"certificate, key or authority cannot be used ({error.reason})"
        raise ValueError(msg) from error
    return context


def _load(context: ssl.SSLContext, pem: str) -> None:
    handle, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(handle, "w", encoding="ascii", errors="replace") as file:
            file.write(pem)
        # Without a password of its own it would ask on the terminal.
        context.load_cert_chain(name, password="")
    finally:
        Path(name).unlink()
