"""A CloudFormation stack: made, changed and deleted, with each step shown as it happens."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.exceptions import ClientError

from spotify_pipeline import aws
from spotify_pipeline.errors import PipelineError

Tell = Callable[[str], None]

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 4.0
_UNCHANGED = ("didn't contain changes", "No updates are to be performed")
_NEVER_MADE = "REVIEW_IN_PROGRESS"
_FAILED_TO_BE_MADE = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}


class Stack:
    """The stack of this name, which need not exist yet."""

    def __init__(self, name: str, tell: Tell) -> None:
        """Tell `tell` what happens."""
        self.name, self._tell = name, tell
        with self._explained():
            self._client = boto3.client("cloudformation")

    @property
    def exists(self) -> bool:
        """Whether there are resources in it."""
        return self._described() is not None

    def outputs(self) -> dict[str, str]:
        """The values of the outputs, by their description."""
        described = self._described() or {}
        return {output["Description"]: output["OutputValue"] for output in described.get("Outputs", [])}

    def clear_failed(self) -> None:
        """Take away what is left of a stack that could not be made: nothing but deleting is possible with it."""
        described = self._described()
        if described and described["StackStatus"] in _FAILED_TO_BE_MADE:
            self._tell(f"The stack {self.name} could not be made the last time: what is left of it is deleted first.")
            self.delete()

    def take_up(self, buckets: Mapping[str, str]) -> None:
        """Make the stack of buckets that exist, by logical id. The next change configures them as its template says.

        Raises:
            PipelineError: they cannot be taken up.
        """
        resources = {
            logical_id: {
                "Type": "AWS::S3::Bucket",
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": {"BucketName": name},
            }
            for logical_id, name in buckets.items()
        }
        imports = [
            {
                "ResourceType": "AWS::S3::Bucket",
                "LogicalResourceId": logical_id,
                "ResourceIdentifier": {"BucketName": name},
            }
            for logical_id, name in buckets.items()
        ]
        self._change("IMPORT", json.dumps({"Resources": resources}), ResourcesToImport=imports)

    def deploy(self, template: str, parameters: Mapping[str, str]) -> bool:
        """Make the stack, or change it.

        Args:
            template: The template.
            parameters: Its parameters, all of them.

        Returns:
            Whether there was anything to change.

        Raises:
            PipelineError: it could not be done, and was rolled back; the message has the first reason.
        """
        return self._change(
            "UPDATE" if self.exists else "CREATE",
            template,
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            # For the roles, which have no names of their own, and for the transformation of SAM.
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )

    def delete(self) -> None:
        """Delete it, but not what is to be retained.

        Raises:
            PipelineError: something could not be deleted.
        """
        described = self._described()
        if described is None:
            return
        with self._explained():
            seen = self._events(described["StackId"])
            self._client.delete_stack(StackName=described["StackId"])
        self._follow(described["StackId"], seen.keys(), "DELETE_COMPLETE")

    def _change(self, kind: str, template: str, **options: Any) -> bool:  # noqa: ANN401  # boto3's
        name = f"deploy-{time.time_ns()}"
        with self._explained():
            made = self._client.create_change_set(
                StackName=self.name, ChangeSetName=name, ChangeSetType=kind, TemplateBody=template, **options
            )
        for _ in _pauses():
            with self._explained():
                change_set = self._client.describe_change_set(ChangeSetName=made["Id"])
            if not change_set["Status"].endswith(("_PENDING", "_IN_PROGRESS")):
                break
        if change_set["Status"] == "FAILED":
            with self._explained():
                self._client.delete_change_set(ChangeSetName=made["Id"])
            reason = change_set.get("StatusReason", "no reason given")
            if any(words in reason for words in _UNCHANGED):
                return False
            raise PipelineError(f"CloudFormation refuses the change of the stack {self.name}: {aws.one_line(reason)}.")
        with self._explained():
            seen = self._events(made["StackId"])
            self._client.execute_change_set(ChangeSetName=made["Id"])
        self._follow(made["StackId"], seen.keys(), f"{kind}_COMPLETE")
        return True

    def _follow(self, stack_id: str, seen: Any, wanted: str) -> None:  # noqa: ANN401  # a view
        """Show events until nothing is under way any more."""
        shown = dict.fromkeys(seen)
        reasons = []
        for _ in _pauses():
            with self._explained():
                (stack,) = self._client.describe_stacks(StackName=stack_id)["Stacks"]
                events = self._events(stack_id)
            for event_id in reversed([event_id for event_id in events if event_id not in shown]):
                event = events[event_id]
                shown[event_id] = None
                self._tell(f"  {event['ResourceStatus']:<28} {event['LogicalResourceId']}")
                if event["ResourceStatus"].endswith("_FAILED"):
                    said = aws.one_line(event.get("ResourceStatusReason", "no reason given"))
                    reasons.append(f"{event['LogicalResourceId']}: {said}")
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                break
        if stack["StackStatus"] != wanted:
            reason = reasons[0] if reasons else aws.one_line(stack.get("StackStatusReason", "no reason given"))
            raise PipelineError(f"The stack {self.name} is {stack['StackStatus']}, because of {reason}.")

    def _described(self) -> Any:  # noqa: ANN401  # boto3's
        with self._explained():
            try:
                (stack,) = self._client.describe_stacks(StackName=self.name)["Stacks"]
            except ClientError as error:
                if "does not exist" in str(error):
                    return None
                raise
        return None if stack["StackStatus"] in {_NEVER_MADE, "DELETE_COMPLETE"} else stack

    def _events(self, stack_id: str) -> dict[str, Any]:
        """The newest events by their ids, newest first."""
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=stack_id)
        return {event["EventId"]: event for page in pages for event in page["StackEvents"]}

    @contextmanager
    def _explained(self) -> Iterator[None]:
        with aws.explained(f"the stack {self.name}", PipelineError):
            yield


def _pauses() -> Iterator[None]:
    """For ever, with growing pauses between."""
    seconds = _FIRST_PAUSE_SECONDS
    while True:
        yield
        time.sleep(seconds)
        seconds = min(2 * seconds, _LONGEST_PAUSE_SECONDS)
