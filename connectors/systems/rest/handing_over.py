"""Hands a complaint over: uploads, the call itself, its token, and what follows."""

from typing import Any

from connectors.contract import Delivery, Done, FileOutcome, Pending
from connectors.errors import OutcomeUnknown, Refused
from connectors.protocols.records.words import as_reference
from connectors.systems.rest.answers import (
    AlreadyThere,
    Answered,
    holds,
    sight,
)
from connectors.systems.rest.body import submit_body, upload_body
from connectors.systems.rest.caller import Caller, again, kept
from connectors.systems.rest.going_out import Upload
from connectors.systems.rest.look_up import Finder
from connectors.systems.rest.places import HEADER
from connectors.systems.rest.progress import Progress
from connectors.systems.rest.scope import of_file
from connectors.systems.rest.settings import RestSettings
from connectors.systems.rest.steps import (
    Left,
    make_after,
    pending,
    read_first,
    scope_of,
)


class HandOver:
    """The hand-over of one agency; each call that changes something is kept."""

    def __init__(self, caller: Caller, settings: RestSettings, finder: Finder) -> None:
        self._caller = caller
        self._settings = settings
        self._finder = finder

    def submit(self, delivery: Delivery, left: Left) -> Done | Pending:
        """Go on from where it is; raises the errors of `connectors.errors`."""
        progress = Progress.of(delivery.progress, delivery.key)
        if progress.reference:
            return self._follow(delivery, progress, left)
        if progress.token:
            return self._ask(delivery, progress, left)
        upload = self._settings.upload
        if upload is not None and not upload.follows and _is_left(delivery, progress):
            return self._upload(upload, delivery, progress, left)
        return self._create(delivery, progress, left)

    def _put(
        self, call: Upload, delivery: Delivery, progress: Progress, left: Left
    ) -> Pending:
        """Put a file to a case that is there; one that is refused harms it not."""
        number = len(progress.uploads)
        update: dict[str, Any]
        try:
            answered = self._send_file(call, delivery, progress, left)
        except Refused as error:
            update = {"not_taken": (*progress.not_taken, number)}
            found, response = "", error.response
        except AlreadyThere as error:
            update, found, response = {}, "", error.answer.body
        else:
            found, response = _id_of(call, answered), answered.answer.body
            update = {"kept": {**progress.kept, **kept(call, answered)}}
        update["uploads"] = (*progress.uploads, found)
        grown = progress.model_copy(update=update)
        return pending(grown, response=response, files=_outcomes(grown))

    def _send_file(
        self, call: Upload, delivery: Delivery, progress: Progress, left: Left
    ) -> Answered:
        number = len(progress.uploads)
        file = delivery.files[number]
        scope = scope_of(self._caller, delivery, progress)
        scope["file"] = of_file(file)
        body = upload_body(call, scope, file)
        key = f"{delivery.key}-file-{number + 1}"
        return self._caller.make("upload", call, scope, body, left(), key=key)

    def _upload(
        self, call: Upload, delivery: Delivery, progress: Progress, left: Left
    ) -> Pending:
        try:
            answered = self._send_file(call, delivery, progress, left)
            found = _id_of(call, answered)
            if not found:
                raise _without(answered, f"an id at {call.id}", "upload")
            added = kept(call, answered)
        except OutcomeUnknown as error:
            # A file that lies there twice harms nobody: no case has it yet.
            raise again(error) from error
        except AlreadyThere as error:
            why = f"the upload answered {error.answer.status}"
            fingerprint = f"http {error.answer.status} POST upload"
            response = error.answer.body
            raise Refused(why, fingerprint=fingerprint, response=response) from error
        grown = progress.model_copy(
            update={
                "uploads": (*progress.uploads, found),
                "kept": {**progress.kept, **added},
            }
        )
        return pending(grown, response=answered.answer.body)

    def _create(
        self, delivery: Delivery, progress: Progress, left: Left
    ) -> Done | Pending:
        call = self._settings.submit
        scope = scope_of(self._caller, delivery, progress)
        scope = read_first(self._caller, call.before, scope, left)
        body = submit_body(call, call.files, scope, delivery.files)
        try:
            answered = self._caller.make(
                "submit", call, scope, body, left(), key=delivery.key
            )
        except AlreadyThere as error:
            done = self._finder.explain("submit", delivery, error, call.reference, left)
            if call.keep and self._settings.follow_ups and self._settings.find:
                # The hub's own look-up finds it again, with what has to be kept.
                why = "is there already, and what follows needs what find keeps"
                fingerprint = "rest there already"
                raise OutcomeUnknown(why, fingerprint=fingerprint) from error
            return self._there(delivery, progress, done)
        in_body = call.token is None and not str(call.reference).startswith(HEADER)
        if in_body and answered.tree is None:
            raise _unreadable(answered, "submit")
        return self._read(delivery, progress, answered)

    def _read(
        self, delivery: Delivery, progress: Progress, answered: Answered
    ) -> Done | Pending:
        call, answer = self._settings.submit, answered.answer
        if call.reference is not None:
            taken = call.reference.take(answered.tree, answer.headers)
            if found := as_reference(taken):
                progress = self._grown(progress, answered)
                done = Done(reference=found, response=answer.body)
                return self._there(delivery, progress, done)
        if call.token is not None:
            token = as_reference(call.token.take(answered.tree, answer.headers))
            if token:
                grown = self._grown(progress, answered)
                ask = self._settings.token
                return pending(
                    grown.model_copy(update={"token": token}),
                    after_seconds=ask.every_seconds if ask else 0,
                    response=answer.body,
                )
            raise _without(answered, f"a token at {call.token}", "submit")
        raise _without(answered, f"a reference at {call.reference}", "submit")

    def _grown(self, progress: Progress, answered: Answered) -> Progress:
        added = kept(self._settings.submit, answered)
        return progress.model_copy(update={"kept": {**progress.kept, **added}})

    def _ask(
        self, delivery: Delivery, progress: Progress, left: Left
    ) -> Done | Pending:
        """Ask for the answer that a token stands for; asking only reads."""
        call = self._settings.token
        if call is None:
            why = "a token is kept, but agency.toml has no [settings.token] any more"
            raise Refused(why, fingerprint="rest token without table")
        scope = scope_of(self._caller, delivery, progress)
        scope["token"] = progress.token
        answered = self._caller.read("token", call, scope, left())
        answer = answered.answer
        if call.failed is not None and holds(call.failed, sight(answer, answered.tree)):
            why = "the agency's system turned the complaint down after taking it"
            raise Refused(why, fingerprint="rest token failed", response=answer.body)
        reference = as_reference(call.reference.take(answered.tree, answer.headers))
        if not reference:
            return pending(
                progress, after_seconds=call.every_seconds, response=answer.body
            )
        done = Done(reference=reference, response=answer.body)
        return self._there(delivery, progress, done)

    def _there(
        self, delivery: Delivery, progress: Progress, done: Done
    ) -> Done | Pending:
        """End here, or keep the reference before what follows is done."""
        upload = self._settings.upload
        files = upload is not None and upload.follows and _is_left(delivery, progress)
        if not (self._settings.submit.after or files):
            return done
        update = {"reference": done.reference, "token": ""}
        return pending(progress.model_copy(update=update), response=done.response)

    def _follow(
        self, delivery: Delivery, progress: Progress, left: Left
    ) -> Done | Pending:
        upload = self._settings.upload
        if upload is not None and upload.follows and _is_left(delivery, progress):
            return self._put(upload, delivery, progress, left)
        calls, number = self._settings.submit.after, progress.done
        files = _outcomes(progress) if upload is not None and upload.follows else ()
        if number >= len(calls):
            return Done(reference=progress.reference, files=files)
        answered = make_after(self._caller, calls, number, delivery, progress, left)
        grown = progress.model_copy(
            update={
                "done": number + 1,
                "kept": {**progress.kept, **kept(calls[number], answered)},
            }
        )
        if number + 1 < len(calls):
            return pending(grown, response=answered.answer.body, files=files)
        return Done(
            reference=progress.reference, response=answered.answer.body, files=files
        )


def _id_of(call: Upload, answered: Answered) -> str:
    if call.id is None:
        return ""
    return as_reference(call.id.take(answered.tree, answered.answer.headers))


def _is_left(delivery: Delivery, progress: Progress) -> bool:
    """Tell whether a file of the delivery was not put yet."""
    return len(progress.uploads) < len(delivery.files)


def _outcomes(progress: Progress) -> tuple[FileOutcome, ...]:
    return tuple(
        FileOutcome(file=number, ok=number not in progress.not_taken, remote_ref=found)
        for number, found in enumerate(progress.uploads)
    )


def _without(answered: Answered, what: str, step: str) -> OutcomeUnknown:
    status = answered.answer.status
    return OutcomeUnknown(
        f"answered {status} without {what}",
        fingerprint=f"http {status} no {what.split(' ')[1]} POST {step}",
        response=answered.answer.body,
    )


def _unreadable(answered: Answered, step: str) -> OutcomeUnknown:
    status = answered.answer.status
    return OutcomeUnknown(
        f"answered {status} with a body that is not JSON",
        fingerprint=f"http {status} not json POST {step}",
        response=answered.answer.body,
    )
