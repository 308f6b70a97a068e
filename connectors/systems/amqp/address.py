"""How the agency's broker is reached: pika's parameters out of the settings."""

import ssl

import pika

from connectors.systems.amqp.settings import AmqpSettings, Tls


def parameters(
    settings: AmqpSettings, name: str, *, seconds: float
) -> pika.ConnectionParameters:
    """Make them; `seconds` bounds connecting, `name` is what the agency's people see.

    One try: who tries again, and when, is decided elsewhere. Raises ValueError.
    """
    found = pika.URLParameters(settings.url.get_secret_value())
    found.connection_attempts = 1
    found.socket_timeout = seconds
    found.stack_timeout = seconds
    found.heartbeat = settings.heartbeat_seconds
    # A broker in alarm speaks its heartbeats: to hang up would only lose confirms.
    found.blocked_connection_timeout = None
    found.client_properties = {"connection_name": f"simpul {name}"}
    if found.ssl_options is not None:
        found.ssl_options = pika.SSLOptions(_context(settings.tls), found.host)
    return found


def _context(tls: Tls) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=tls.authority or None)
        if tls.certificate_path:
            context.load_cert_chain(tls.certificate_path, tls.key_path or None)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        msg = f"tls: a certificate or key cannot be used ({type(error).__name__})"
        raise ValueError(msg) from error
    return context
