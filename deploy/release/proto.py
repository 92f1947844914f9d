"""A message as proto3 text, from the descriptor set that is released."""

from functools import cache

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

from deploy.images.naming import ROOT

DESCRIPTORS = ROOT / "libs" / "malang" / "src" / "malang" / "descriptors.binpb"
_LABEL = {FieldDescriptorProto.LABEL_REPEATED: "repeated "}


@cache
def _messages() -> dict[str, tuple[FileDescriptorProto, DescriptorProto | EnumDescriptorProto]]:
    """Return every message and enum of the top level by its full name."""
    files = FileDescriptorSet.FromString(DESCRIPTORS.read_bytes()).file
    messages = {f"{file.package}.{each.name}": (file, each) for file in files for each in file.message_type}
    return messages | {f"{file.package}.{each.name}": (file, each) for file in files for each in file.enum_type}


def definition(name: str) -> str:
    """Return a file of proto3 that defines a message and what it is made of."""
    wanted, imports, blocks = [name], set[str](), []
    for each in wanted:  # it grows by what is named in it
        _, found = _messages()[each]
        blocks.append(_block(found))
        for type_ in _types(found) if isinstance(found, DescriptorProto) else ():
            if type_.startswith("malang."):
                wanted += [type_] if type_ not in wanted else []
            else:
                imports.add(_messages()[type_][0].name)
    package = name.rpartition(".")[0]
    head = [f"package {package};", *(f'import "{each}";' for each in sorted(imports))]
    return "\n".join(['syntax = "proto3";', *head, "", *blocks, ""])


def _block(found: DescriptorProto | EnumDescriptorProto) -> str:
    if isinstance(found, EnumDescriptorProto):
        lines = [f"  {value.name} = {value.number};" for value in found.value]
        return "\n".join([f"enum {found.name} {{", *lines, "}"])
    if (
        any(field.HasField("oneof_index") and not field.proto3_optional for field in found.field)
        or found.nested_type
        or found.enum_type
    ):
        raise NotImplementedError(f"{found.name}: facts are flat; a choice, a map or a message within it is not written yet")
    lines = [f"  {_label(field)}{_type(field)} {field.name} = {field.number};" for field in found.field]
    return "\n".join([f"message {found.name} {{", *lines, "}"])


def _label(field: FieldDescriptorProto) -> str:
    return "optional " if field.proto3_optional else _LABEL.get(field.label, "")


def _type(field: FieldDescriptorProto) -> str:
    return field.type_name.lstrip(".") or FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()


def _types(found: DescriptorProto) -> list[str]:
    return [field.type_name.lstrip(".") for field in found.field if field.type_name]
