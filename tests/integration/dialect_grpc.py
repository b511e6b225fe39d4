"""gRPC as one more binding. Its messages are read and written as their ProtoJSON, which is the form that HTTP+JSON has."""
import importlib
import json
import re
import subprocess
import sys

import grpc
from google.protobuf import json_format

from dialect_bindings import Binding
from dialect_forms import IN_1_0, REASONS, Form03, Refused

OTHERS_IN_0_3 = {"subscribe": "TaskSubscription", "list_push": "ListTaskPushNotificationConfig", "card": "GetAgentCard"}
CODES = {grpc.StatusCode.INVALID_ARGUMENT: -32602, grpc.StatusCode.UNIMPLEMENTED: -32601}
STREAMS = ("stream", "subscribe")


def compile_protocol(sources, folder):
    """Makes the modules of the .proto files in `folder`, and lets them be imported."""
    names = ("a2a_v1_0", "a2a_v0_3", "a2a_status")
    subprocess.run(["protoc", "-I", sources, f"--python_out={folder}", *(f"{name}.proto" for name in names)], check=True)
    sys.path.insert(0, folder)
    return {name: importlib.import_module(f"{name}_pb2") for name in names}


def as_json(message):
    """Its ProtoJSON, each time with milliseconds: Python leaves them out when they are 0, the server does not."""
    text = json_format.MessageToJson(message)
    return json.loads(re.sub(r'("timestamp": "[^".]*)Z"', r'\1.000Z"', text))


class Grpc(Binding):
    """One service of the server at `address`; `protocol` has its messages, `details` those of errors."""

    def __init__(self, name, form, address, protocol, details):
        super().__init__(name, form)
        self.details = details
        self.old = isinstance(form, Form03)
        self.service = protocol.DESCRIPTOR.services_by_name["A2AService"]
        self.channel = grpc.insecure_channel(address)

    def method(self, operation):
        name = OTHERS_IN_0_3.get(operation, IN_1_0[operation]) if self.old else IN_1_0[operation]
        method = self.service.methods_by_name[name]
        kind = self.channel.unary_stream if operation in STREAMS else self.channel.unary_unary
        call = kind(f"/{self.service.full_name}/{name}", lambda message: message.SerializeToString(),
                    method.output_type._concrete_class.FromString)
        return call, method.input_type._concrete_class

    def metadata(self, more):
        return [*((name.lower(), value) for name, value in self.form.headers.items()), *more]

    def call(self, operation, params):
        call, request = self.method(operation)
        try:
            answer = call(json_format.ParseDict(params, request()), metadata=self.metadata(()), timeout=30)
        except grpc.RpcError as error:
            raise Refused(self.number_of(error)) from error
        return as_json(answer)

    def call_stream(self, operation, _, params, more=()):
        call, request = self.method(operation)
        stream = call(json_format.ParseDict(params, request()), metadata=self.metadata(more), timeout=30)
        try:
            for event in stream:
                yield self.read_event(as_json(event))
        except grpc.RpcError as error:
            raise Refused(self.number_of(error)) from error
        finally:
            stream.cancel()

    def read_event(self, event):
        if self.old and "statusUpdate" in event:
            event["statusUpdate"].setdefault("final", False)  # ProtoJSON leaves out what is false
        return self.form.read_event(event)

    def number_of(self, error):
        """Of JSON-RPC. The status and the details of the call must say the same."""
        status = self.details.Status()
        (encoded,) = [value for name, value in error.trailing_metadata() if name == "grpc-status-details-bin"]
        status.ParseFromString(encoded)
        assert (status.code, status.message) == (error.code().value[0], error.details()), (status, error)
        for detail in status.details:
            info = self.details.ErrorInfo()
            if detail.type_url.endswith(".ErrorInfo"):
                info.ParseFromString(detail.value)
            if info.reason in REASONS:
                return REASONS[info.reason]
        return CODES.get(error.code(), -32603)

    def call_send(self, params):
        return self.form.read(self.call("send", params))

    def task_name(self, task):
        return {"name": f"tasks/{task}"} if self.old else {"id": task}

    def get(self, task, history=None):
        length = {} if history is None else {"historyLength": history}
        return self.form.read(self.call("get", {**self.task_name(task), **length}))

    def cancel(self, task):
        return self.form.read(self.call("cancel", self.task_name(task)))

    def subscribe(self, task, after=None):
        return self.call_stream("subscribe", task, self.task_name(task),
                                () if after is None else [("last-event-id", str(after))])

    def push(self, operation, task, config=None):
        if operation == "set_push":
            return self.call(operation, self.form.push(task, config, "http://hook"))
        if operation == "list_push":
            return self.call(operation, {"parent": f"tasks/{task}"} if self.old else {"taskId": task})
        name = {"name": f"tasks/{task}/pushNotificationConfigs/{config}"}
        return self.call(operation, name if self.old else self.form.ids(operation, task, config))

    def card(self):
        return self.call("card", {})

    def unknown(self):
        try:
            self.channel.unary_unary(f"/{self.service.full_name}/NoSuchMethod")(b"", timeout=30)
        except grpc.RpcError as error:
            raise Refused(CODES.get(error.code(), -32603)) from error
