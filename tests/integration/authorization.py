#!/usr/bin/env python3
"""Every operation in every dialect of HTTP, as each kind of caller may or may not do it on somebody's task.

usage: authorization.py ECHO   (an agent that echoes)
"""
import http.client
import json
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from agent_process import AgentProcess
from tokens import Key, write_set

PROGRAM = sys.argv[1]
ISSUER, TENANT = "https://issuer.example", "acme"
MESSAGE = {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "hi"}]}
failures = []


class Rpc10:
    tenants = True
    METHODS = {"get": "GetTask", "list": "ListTasks", "cancel": "CancelTask", "subscribe": "SubscribeToTask",
               "send": "SendMessage", "stream": "SendStreamingMessage", "card": "GetExtendedAgentCard",
               "set_push": "CreateTaskPushNotificationConfig", "get_push": "GetTaskPushNotificationConfig",
               "list_push": "ListTaskPushNotificationConfigs", "delete_push": "DeleteTaskPushNotificationConfig"}

    @classmethod
    def request(cls, operation, task, tenant):
        message = {"message": {**MESSAGE, "taskId": task}}
        push = {"taskId": task, "id": "c", "url": "https://hooks.example/"}
        params = {"list": {}, "card": {}, "send": message, "stream": message, "set_push": push,
                  "get_push": {"taskId": task, "id": "c"}, "delete_push": {"taskId": task, "id": "c"},
                  "list_push": {"taskId": task}}.get(operation, {"id": task})
        if tenant:
            params["tenant"] = tenant
        return "POST", "/", {"jsonrpc": "2.0", "id": 1, "method": cls.METHODS[operation], "params": params}, "1.0"


class Rpc03:
    tenants = False
    METHODS = {"get": "tasks/get", "cancel": "tasks/cancel", "subscribe": "tasks/resubscribe", "send": "message/send",
               "stream": "message/stream", "card": "agent/getAuthenticatedExtendedCard",
               "set_push": "tasks/pushNotificationConfig/set", "get_push": "tasks/pushNotificationConfig/get",
               "list_push": "tasks/pushNotificationConfig/list", "delete_push": "tasks/pushNotificationConfig/delete"}

    @classmethod
    def request(cls, operation, task, tenant):
        message = {"message": {"kind": "message", "messageId": "m", "role": "user", "taskId": task,
                               "parts": [{"kind": "text", "text": "hi"}]}}
        push = {"taskId": task, "pushNotificationConfig": {"id": "c", "url": "https://hooks.example/"}}
        params = {"card": {}, "send": message, "stream": message, "set_push": push,
                  "get_push": {"id": task, "pushNotificationConfigId": "c"},
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
        message = {"message": {**MESSAGE, "taskId": task}}
        return {"get": ("GET", f"{base}/tasks/{task}", None), "list": ("GET", f"{base}/tasks", None),
                "cancel": ("POST", f"{base}/tasks/{task}:cancel", {}),
                "subscribe": ("GET", f"{base}/tasks/{task}:subscribe", None),
                "send": ("POST", f"{base}/message:send", message), "stream": ("POST", f"{base}/message:stream", message),
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
        if response.status == 401 and not challenge.startswith("Bearer "):
            return f"401 without a challenge: {text}"
        if task in text:
            return f"{response.status} that names the task: {text}"
        return str(response.status)
    if response.status == 404 or '"code":-32001' in text:
        return "hidden"
    if "ListTasks" in text or path.endswith("/tasks") or (body or {}).get("method") == "ListTasks":
        return "allowed" if task in text else "hidden"
    return "allowed"


def main():
    with tempfile.TemporaryDirectory() as directory:
        key, now = Key(directory, "ES256", "k"), int(time.time())
        path = os.path.join(directory, "set.json")
        write_set(path, key)

        def token(subject, **more):
            return key.token({"iss": ISSUER, "aud": "a2a", "sub": subject, "exp": now + 600, "scope": "call", **more})

        owner = token("alice")
        callers = {"the owner": (owner, "allowed"), "somebody else": (token("bob"), "hidden"), "nobody": (None, "401"),
                   "an expired token": (token("alice", exp=now - 3600), "401"),
                   "a token without the scope": (token("alice", scope="other"), "403")}
        checked = 0
        with AgentProcess(PROGRAM, JWT_JWKS_URL="file://" + path, JWT_ISSUER=ISSUER, JWT_AUDIENCE="a2a",
                          JWT_SCOPES="call") as agent:
            tasks = {}
            for tenant in ("", TENANT):
                connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=60)
                connection.request("POST", f"/{tenant}/message:send".replace("//", "/"), json.dumps({"message": MESSAGE}),
                                   {"A2A-Version": "1.0", "Content-Type": "application/json", "Authorization": "Bearer " + owner})
                tasks[tenant] = json.loads(connection.getresponse().read())["task"]["id"]
                connection.close()
            for dialect in (Rpc10, Rpc03, Rest10, Rest03):
                for tenant in ("", TENANT) if dialect.tenants else ("",):
                    for operation in dialect.METHODS:
                        for name, (credentials, wanted) in callers.items():
                            if operation == "card" and wanted == "hidden":
                                wanted = "allowed"  # it is about no task
                            request = dialect.request(operation, tasks[tenant], tenant)
                            seen = outcome(agent, request, credentials, tasks[tenant])
                            # Push notifications are refused before the task is looked for where the agent has none.
                            fine = seen == wanted or ("push" in operation and wanted == "hidden" and seen == "allowed")
                            checked += 1
                            if not fine:
                                failures.append(f"{dialect.__name__} {operation} in '{tenant}' by {name}: {seen}, not {wanted}")
            # The owner too sees a task only in its tenant.
            for task, tenant in ((tasks[TENANT], ""), (tasks[""], TENANT), (tasks[TENANT], "other")):
                for operation in ("get", "list", "cancel", "subscribe", "send"):
                    for dialect in (Rpc10, Rest10):
                        checked += 1
                        seen = outcome(agent, dialect.request(operation, task, tenant), owner, task)
                        if seen != "hidden":
                            failures.append(f"{dialect.__name__} {operation} of a task of another tenant: {seen}")
    print(f"{checked} cases")
    for failure in failures:
        print("FAILED", failure)
    return 1 if failures else 0


sys.exit(main())
