#!/usr/bin/env python3
"""Every operation in every dialect, as each kind of caller may or may not do it on somebody's task.

usage: authorization.py AGENT [--grpc PROTOCOL] [--engine memory|sqlite|postgres]
    AGENT answers each message with a task that has ended. PROTOCOL: the folder of the .proto files, for the dialects over
    gRPC instead of those over HTTP; AGENT is linked with gRPC then.
"""
import argparse
import contextlib
import http.client
import json
import os
import re
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from agent_process import AgentProcess
import engines
from tokens import Key, write_set

parser = argparse.ArgumentParser()
parser.add_argument("agent")
parser.add_argument("--grpc")
parser.add_argument("--engine", default="memory", choices=("memory", "sqlite", "postgres"))
ARGUMENTS = parser.parse_args()
PROGRAM, PROTOCOL = ARGUMENTS.agent, ARGUMENTS.grpc
ISSUER, TENANT = "https://issuer.example", "acme"
MESSAGE = {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "hi"}]}
failures = []


class Rpc10:
    tenants = True
    METHODS = {"get": "GetTask", "list": "ListTasks", "cancel": "CancelTask", "subscribe": "SubscribeToTask",
               "send": "SendMessage", "stream": "SendStreamingMessage", "refer": "SendMessage",
               "refer_stream": "SendStreamingMessage", "card": "GetExtendedAgentCard",
               "set_push": "CreateTaskPushNotificationConfig", "get_push": "GetTaskPushNotificationConfig",
               "list_push": "ListTaskPushNotificationConfigs", "delete_push": "DeleteTaskPushNotificationConfig"}

    @classmethod
    def request(cls, operation, task, tenant):
        message, referring = {"message": {**MESSAGE, "taskId": task}}, {"message": {**MESSAGE, "referenceTaskIds": [task]}}
        push = {"taskId": task, "id": "c", "url": "https://hooks.example/"}
        params = {"list": {}, "card": {}, "send": message, "stream": message, "set_push": push,
                  "refer": referring, "refer_stream": referring,
                  "get_push": {"taskId": task, "id": "c"}, "delete_push": {"taskId": task, "id": "c"},
                  "list_push": {"taskId": task}}.get(operation, {"id": task})
        if tenant:
            params["tenant"] = tenant
        return "POST", "/", {"jsonrpc": "2.0", "id": 1, "method": cls.METHODS[operation], "params": params}, "1.0"


class Rpc03:
    tenants = False
    METHODS = {"get": "tasks/get", "cancel": "tasks/cancel", "subscribe": "tasks/resubscribe", "send": "message/send",
               "stream": "message/stream", "refer": "message/send", "refer_stream": "message/stream", "card": "agent/getAuthenticatedExtendedCard",
               "set_push": "tasks/pushNotificationConfig/set", "get_push": "tasks/pushNotificationConfig/get",
               "list_push": "tasks/pushNotificationConfig/list", "delete_push": "tasks/pushNotificationConfig/delete"}

    @classmethod
    def request(cls, operation, task, tenant):
        plain = {"kind": "message", "messageId": "m", "role": "user", "parts": [{"kind": "text", "text": "hi"}]}
        message, referring = {"message": {**plain, "taskId": task}}, {"message": {**plain, "referenceTaskIds": [task]}}
        push = {"taskId": task, "pushNotificationConfig": {"id": "c", "url": "https://hooks.example/"}}
        params = {"card": {}, "send": message, "stream": message, "set_push": push,
                  "refer": referring, "refer_stream": referring, "get_push": {"id": task, "pushNotificationConfigId": "c"},
                  "delete_push": {"id": task, "pushNotificationConfigId": "c"}}.get(operation, {"id": task})
        return "POST", "/", {"jsonrpc": "2.0", "id": 1, "method": cls.METHODS[operation], "params": params}, "0.3"


class Rest10:
    tenants = True
    METHODS = Rpc10.METHODS
    VERSION, SEND = "1.0", {"message": MESSAGE}

    @classmethod
    def request(cls, operation, task, tenant):
        base = f"/{tenant}" if tenant else ""
        configs = f"{base}/tasks/{task}/pushNotificationConfigs"
        message, referring = {"message": {**MESSAGE, "taskId": task}}, {"message": {**MESSAGE, "referenceTaskIds": [task]}}
        return {"get": ("GET", f"{base}/tasks/{task}", None), "list": ("GET", f"{base}/tasks", None),
                "cancel": ("POST", f"{base}/tasks/{task}:cancel", {}),
                "subscribe": ("GET", f"{base}/tasks/{task}:subscribe", None),
                "send": ("POST", f"{base}/message:send", message), "stream": ("POST", f"{base}/message:stream", message),
                "refer": ("POST", f"{base}/message:send", referring),
                "refer_stream": ("POST", f"{base}/message:stream", referring),
                "card": ("GET", f"{base}/extendedAgentCard", None),
                "set_push": ("POST", configs, {"id": "c", "url": "https://hooks.example/"}),
                "get_push": ("GET", configs + "/c", None), "list_push": ("GET", configs, None),
                "delete_push": ("DELETE", configs + "/c", None)}[operation] + ("1.0",)


class Rest03:
    tenants = False
    METHODS = {name: None for name in ("get", "cancel", "subscribe", "send", "stream")}

    @classmethod
    def request(cls, operation, task, tenant):
        message = {"message": {"messageId": "m", "role": "ROLE_USER", "taskId": task, "content": [{"text": "hi"}]}}
        return {"get": ("GET", f"/v1/tasks/{task}", None), "cancel": ("POST", f"/v1/tasks/{task}:cancel", {}),
                "subscribe": ("GET", f"/v1/tasks/{task}:subscribe", None),
                "send": ("POST", "/v1/message:send", message),
                "stream": ("POST", "/v1/message:stream", message)}[operation] + ("0.3",)


class OverGrpc:
    """One of the services. The requests are written as their ProtoJSON."""

    def __init__(self, name, protocol, old):
        from google.protobuf import json_format
        self.__name__, self.json, self.old, self.tenants = name, json_format, old, not old
        self.service = protocol.DESCRIPTOR.services_by_name["A2AService"]
        names = dict(Rpc10.METHODS)
        if old:
            for missing in ("list", "refer", "refer_stream"):  # the protocol buffers of 0.3 lack referenceTaskIds
                del names[missing]
            names.update({"subscribe": "TaskSubscription", "list_push": "ListTaskPushNotificationConfig", "card": "GetAgentCard"})
        self.METHODS = names

    def params(self, operation, task, tenant):
        if not self.old:
            return Rpc10.request(operation, task, tenant)[2]["params"]
        message = {"request": {"messageId": "m", "role": "ROLE_USER", "taskId": task, "content": [{"text": "hi"}]}}
        config = f"tasks/{task}/pushNotificationConfigs/c"
        push = {"parent": f"tasks/{task}", "configId": "c",
                "config": {"name": config, "pushNotificationConfig": {"id": "c", "url": "https://hooks.example/"}}}
        return {"card": {}, "send": message, "stream": message, "set_push": push, "list_push": {"parent": f"tasks/{task}"},
                "get_push": {"name": config}, "delete_push": {"name": config}}.get(operation, {"name": f"tasks/{task}"})

    def outcome(self, channel, operation, task, tenant, token):
        import grpc
        method = self.service.methods_by_name[self.METHODS[operation]]
        kind = channel.unary_stream if operation in ("stream", "refer_stream", "subscribe") else channel.unary_unary
        call = kind(f"/{self.service.full_name}/{method.name}", lambda message: message.SerializeToString(),
                    method.output_type._concrete_class.FromString)
        request = self.json.ParseDict(self.params(operation, task, tenant), method.input_type._concrete_class())
        metadata = [("a2a-version", "0.3" if self.old else "1.0")]
        if token:
            metadata.append(("authorization", "Bearer " + token))
        try:
            answer = call(request, metadata=metadata, timeout=60)
            text = str(list(answer) if kind == channel.unary_stream else answer)
        except grpc.RpcError as error:
            trailers = dict(error.trailing_metadata() or ())
            refused = {grpc.StatusCode.UNAUTHENTICATED: "401", grpc.StatusCode.PERMISSION_DENIED: "403"}.get(error.code())
            if refused is None:
                return "hidden" if error.code() == grpc.StatusCode.NOT_FOUND else "allowed"
            if "Bearer " not in trailers.get("www-authenticate", ""):
                return f"{refused} without a challenge: {error.details()}"
            return f"{refused} that names the task" if task in (error.details() or "") else refused
        return "allowed" if operation != "list" or task in text else "hidden"


def outcome(agent, request, token, task):
    method, path, body, version = request
    connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=60)
    headers = {"A2A-Version": version}
    if token:
        headers["Authorization"] = "Bearer " + token
    if body is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    if response.status in (401, 403):
        challenge = response.headers["WWW-Authenticate"] or ""
        if not challenge.startswith("Bearer ") or (response.status == 403 and 'error="insufficient_scope"' not in challenge):
            return f"{response.status} without a challenge: {text} {challenge}"
        if task in text:
            return f"{response.status} that names the task: {text}"
        return str(response.status)
    if response.status == 404 or '"code":-32001' in text:
        return "hidden"
    if "ListTasks" in text or path.endswith("/tasks") or (body or {}).get("method") == "ListTasks":
        return "allowed" if task in text else "hidden"
    return "allowed"


# Operations by the scope that they need.
SCOPES = {"read": ("get", "list", "subscribe", "get_push", "list_push"), "write": ("send", "stream", "refer", "refer_stream", "cancel"),
          "write push": ("set_push", "delete_push"), "card": ("card",)}
ALL = "call read write push card tenant:acme"


def wanted_of(caller, operation):
    """What the caller should see of an operation on the owner's task."""
    if caller in ("nobody", "an expired token"):
        return "401"
    if caller == "a token without the scope of all calls":
        return "403"
    needed = next(scopes for scopes, operations in SCOPES.items() if operation in operations)
    if caller == "the owner without " + needed.split()[-1]:
        return "403"
    if caller.startswith("the owner"):
        if "push" in needed and caller == "the owner without write":
            return "403"
        return "allowed"
    return "allowed" if operation == "card" else "hidden"  # the card is about no task


def check(dialects, callers, tasks, pushes, seen_by):
    """Each operation x dialect x caller, with and without a tenant. Returns how many there were."""
    checked = 0
    for dialect in dialects:
        for tenant in ("", TENANT) if dialect.tenants else ("",):
            for operation in dialect.METHODS:
                for name, credentials in callers.items():
                    wanted = wanted_of(name, operation)
                    seen = seen_by(dialect, operation, tasks[tenant], tenant, credentials)
                    # Push notifications are refused before the task is looked for where the agent has none.
                    unlooked = not pushes and "push" in operation and wanted == "hidden" and seen == "allowed"
                    fine = seen == wanted or unlooked
                    checked += 1
                    if not fine:
                        failures.append(f"{dialect.__name__} {operation} in '{tenant}' by {name}: {seen}, not {wanted}")
    return checked


def check_tenants(dialects, tasks, credentials, seen_by):
    """The owner too sees a task only in its tenant, and may use no tenant without its scope."""
    checked = 0
    for task, tenant, wanted in ((tasks[TENANT], "", "hidden"), (tasks[""], TENANT, "hidden"), (tasks[TENANT], "other", "403")):
        for operation in ("get", "list", "cancel", "subscribe", "send", "refer", "refer_stream"):
            for dialect in (one for one in dialects if one.tenants):
                checked += 1
                seen = seen_by(dialect, operation, task, tenant, credentials)
                if seen != wanted:
                    failures.append(f"{dialect.__name__} {operation} of a task of another tenant: {seen}, not {wanted}")
    return checked


def make_tasks(agent, owner):
    tasks = {}
    for tenant in ("", TENANT):
        connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=60)
        connection.request("POST", f"/{tenant}/message:send".replace("//", "/"), json.dumps({"message": MESSAGE}),
                           {"A2A-Version": "1.0", "Content-Type": "application/json", "Authorization": "Bearer " + owner})
        tasks[tenant] = json.loads(connection.getresponse().read())["task"]["id"]
        connection.close()
    return tasks


def pushes_of(agent):
    """Whether the agent's card declares push notifications."""
    connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=60)
    connection.request("GET", "/.well-known/agent-card.json")
    card = json.loads(connection.getresponse().read())
    connection.close()
    return card["capabilities"].get("pushNotifications", False)


def over_grpc(agent, protocol, folder):
    """The dialects of both services, and the channel to them."""
    import grpc
    from dialect_grpc import compile_protocol
    address = re.search(r" grpc=([^ ]+)", agent.start_line).group(1)
    modules = compile_protocol(protocol, folder)
    return [OverGrpc("Grpc10", modules["a2a_v1_0"], False), OverGrpc("Grpc03", modules["a2a_v0_3"], True)], \
        grpc.insecure_channel(address)


@contextlib.contextmanager
def storage():
    """The settings of the engine that holds the tasks."""
    if ARGUMENTS.engine == "memory":
        yield {}
    elif ARGUMENTS.engine == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield {"DATA_DIR": folder}
    else:
        [engine] = engines.of("postgres")
        engine.start()
        try:
            yield {name.removeprefix("A2AKIT_"): value for name, value in engine.environment("a2akit").items()}
        finally:
            engine.end()


def main():
    with tempfile.TemporaryDirectory() as directory, storage() as engine_settings:
        key, now = Key(directory, "ES256", "k"), int(time.time())
        path = os.path.join(directory, "set.json")
        write_set(path, key)

        def token(subject, **more):
            return key.token({"iss": ISSUER, "aud": "a2a", "sub": subject, "exp": now + 3600, "scope": ALL, **more})

        owner = token("alice")
        callers = {"the owner": owner, "somebody of the same tenant": token("bob"), "nobody": None,
                   "an expired token": token("alice", exp=now - 3600),
                   "a token without the scope of all calls": token("alice", scope=ALL.replace("call", "other")),
                   **{f"the owner without {scope}": token("alice", scope=ALL.replace(scope, "other"))
                      for scope in ("read", "write", "push", "card")}}
        settings = {"JWT_JWKS_URL": "file://" + path, "JWT_ISSUER": ISSUER, "JWT_AUDIENCE": "a2a", "JWT_SCOPES": "call",
                    "SCOPE_READ": "read", "SCOPE_WRITE": "write", "SCOPE_PUSH": "push", "SCOPE_CARD": "card",
                    "SCOPE_TENANT_PREFIX": "tenant:", **engine_settings}
        if PROTOCOL:
            settings["GRPC_PORT"] = "0"
        with AgentProcess(PROGRAM, **settings) as agent:
            tasks = make_tasks(agent, owner)

            def by_http(dialect, operation, task, tenant, credentials):
                return outcome(agent, dialect.request(operation, task, tenant), credentials, task)

            dialects = (Rpc10, Rpc03, Rest10, Rest03)
            if PROTOCOL:
                dialects, channel = over_grpc(agent, PROTOCOL, directory)

                def by_grpc(dialect, operation, task, tenant, credentials):
                    return dialect.outcome(channel, operation, task, tenant, credentials)

            seen_by = by_grpc if PROTOCOL else by_http
            checked = check(dialects, callers, tasks, pushes_of(agent), seen_by) + check_tenants(dialects, tasks, owner, seen_by)
            if PROTOCOL:
                channel.close()
    print(f"{checked} cases")
    for failure in failures:
        print("FAILED", failure)
    return 1 if failures else 0


sys.exit(main())
