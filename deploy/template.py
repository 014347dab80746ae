"""template.yaml, and the parameters that a deployment gives it.

CloudFormation reads no YAML aliases, so what it is sent is the same template as JSON.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values

from spotify_pipeline.errors import SettingsError

FOLDER = Path(__file__).parent
PARAMETERS_FILE = FOLDER / "parameters.env"
GIVEN_BY_DEPLOYMENT = ("CodeBucket", "ExtractCode", "TransformCode", "SparkCode", "ExpirationDays")
"""The parameters that nobody sets by hand."""


class Template:
    """What template.yaml says."""

    def __init__(self) -> None:
        """Read it."""
        text = (FOLDER / "template.yaml").read_text(encoding="utf-8")
        self.content: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506  # a safe loader, with the functions

    @property
    def text(self) -> str:
        """The template as it is sent."""
        return json.dumps(self.content, separators=(",", ":"))

    def settable(self) -> dict[str, str]:
        """The parameters that may be set, with their defaults."""
        parameters = self.content["Parameters"].items()
        return {name: str(declared["Default"]) for name, declared in parameters if name not in GIVEN_BY_DEPLOYMENT}

    def kept_buckets(self, **pseudo_parameters: str) -> dict[str, str]:
        """The names of the buckets that outlive a stack, by logical id.

        Args:
            pseudo_parameters: what stands for `AWS::StackName` and the like, without `AWS::`.
        """
        buckets = {}
        for logical_id, resource in self.content["Resources"].items():
            if resource["Type"] == "AWS::S3::Bucket" and resource.get("DeletionPolicy") == "Retain":
                name: str = resource["Properties"]["BucketName"]["Fn::Sub"]
                for parameter, value in pseudo_parameters.items():
                    name = name.replace(f"${{AWS::{parameter}}}", value)
                buckets[logical_id] = name
        return buckets


def expiration_days(retention_days: str) -> str:
    """The days after which S3 deletes: S3 does so at midnight, and the catalog lets a day go only some hours later."""
    return str(int(retention_days) + 1) if retention_days else ""


def read_parameters(template: Template, path: Path = PARAMETERS_FILE) -> dict[str, str]:
    """The parameters that a file sets, on top of the template's defaults.

    Raises:
        SettingsError: there is no such file, or no such parameter.
    """
    if not path.exists():
        raise SettingsError(f"There is no {path}: take the one in the repository.")
    defaults = template.settable()
    given = {name: value or "" for name, value in dotenv_values(path, interpolate=False).items()}
    if unknown := given.keys() - defaults.keys():
        raise SettingsError(f"{path} sets {min(unknown)}, which is none of {', '.join(defaults)}.")
    return defaults | given


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms of functions."""


def _function(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> Mapping[str, Any]:
    argument: Any = None
    if isinstance(node, yaml.ScalarNode):
        argument = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        argument = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        argument = loader.construct_mapping(node, deep=True)
    if name == "GetAtt":
        argument = argument.split(".")
    return {name if name == "Ref" else f"Fn::{name}": argument}


_Loader.add_multi_constructor("!", _function)
