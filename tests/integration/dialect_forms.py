"""The forms of the messages of 1.0 and 0.3, to and from the JSON of 1.0, which is what the tests write and read."""
import base64

STATES_03 = {"unknown": "UNSPECIFIED", "submitted": "SUBMITTED", "working": "WORKING", "completed": "COMPLETED",
             "failed": "FAILED", "canceled": "CANCELED", "input-required": "INPUT_REQUIRED", "rejected": "REJECTED",
             "auth-required": "AUTH_REQUIRED"}
REASONS = {"TASK_NOT_FOUND": -32001, "TASK_NOT_CANCELABLE": -32002, "PUSH_NOTIFICATION_NOT_SUPPORTED": -32003,
           "UNSUPPORTED_OPERATION": -32004, "CONTENT_TYPE_NOT_SUPPORTED": -32005}
STATUSES = {"INVALID_ARGUMENT": -32602, "UNIMPLEMENTED": -32601}
IN_1_0 = {"send": "SendMessage", "stream": "SendStreamingMessage", "get": "GetTask", "cancel": "CancelTask",
          "subscribe": "SubscribeToTask", "set_push": "CreateTaskPushNotificationConfig",
          "get_push": "GetTaskPushNotificationConfig", "list_push": "ListTaskPushNotificationConfigs",
          "delete_push": "DeleteTaskPushNotificationConfig", "card": "GetExtendedAgentCard"}
IN_0_3 = {"send": "message/send", "stream": "message/stream", "get": "tasks/get", "cancel": "tasks/cancel",
          "subscribe": "tasks/resubscribe", "set_push": "tasks/pushNotificationConfig/set",
          "get_push": "tasks/pushNotificationConfig/get", "list_push": "tasks/pushNotificationConfig/list",
          "delete_push": "tasks/pushNotificationConfig/delete", "card": "agent/getAuthenticatedExtendedCard"}


class Refused(Exception):
    """An error, as the number that JSON-RPC has for it."""


def without_empty(value):
    return {key: item for key, item in value.items() if item not in (None, "", [], {})}


class Form10:
    """That of 1.0, in both bindings."""
    method = IN_1_0.get
    prefix = ""
    headers = {"A2A-Version": "1.0"}

    def send(self, message, wait, history):
        configuration = without_empty({"returnImmediately": not wait})
        if history is not None:
            configuration["historyLength"] = history
        return {"message": message, "configuration": configuration}

    def ids(self, operation, task, config):
        return {"taskId": task, "id": config} if "push" in operation else {"id": task}

    def push(self, task, config, url):
        return {"taskId": task, "id": config, "url": url}

    def read(self, value):
        return value

    def read_event(self, value):
        return value


class Form03:
    """What both forms of 0.3 have in common."""
    method = IN_0_3.get
    prefix = "/v1"
    headers = {}

    def read_part(self, part):
        found = {"metadata": dict(part.get("metadata", {}))}
        wrapped = found["metadata"].pop("data_part_compat", False)
        if "text" in part:
            found["text"] = part["text"]
        elif "data" in part:
            data = self.read_data(part["data"])
            found["data"] = data["value"] if wrapped else data
        else:
            file = part["file"]
            found.update(self.read_file(file), mediaType=file.get("mimeType"), filename=file.get("name"))
        return {key: value for key, value in found.items() if key == "data" or value not in (None, {})}

    def read_message(self, message):
        found = dict(message, role=self.read_role(message["role"]))
        found["parts"] = [self.read_part(part) for part in found.pop(self.parts)]
        found.pop("kind", None)
        return found

    def read_status(self, status):
        found = dict(status, state=self.read_state(status["state"]))
        if "message" in found:
            found["message"] = self.read_message(found["message"])
        return found

    def read_artifact(self, artifact):
        return dict(artifact, parts=[self.read_part(part) for part in artifact["parts"]])

    def read_task(self, task):
        found = dict(task, status=self.read_status(task["status"]))
        for name, read in (("history", self.read_message), ("artifacts", self.read_artifact)):
            if name in found:
                found[name] = [read(item) for item in found[name]]
        found.pop("kind", None)
        return found

    def read_update(self, update):
        found = dict(update)
        found.pop("kind", None)
        if "status" in found:
            found["status"] = self.read_status(found["status"])
        else:
            found["artifact"] = self.read_artifact(found["artifact"])
        return found


class FormSchema(Form03):
    parts = "parts"

    def send(self, message, wait, history):
        configuration = {"blocking": wait}
        if history is not None:
            configuration["historyLength"] = history
        written = dict(message, kind="message", role="user", parts=[self.write_part(part) for part in message["parts"]])
        return {"message": written, "configuration": configuration}

    def write_part(self, part):
        if "text" in part:
            return {"kind": "text", "text": part["text"]}
        if "data" in part:
            return {"kind": "data", "data": part["data"]}
        where = {"bytes": part["raw"]} if "raw" in part else {"uri": part["url"]}
        return {"kind": "file", "file": without_empty({**where, "mimeType": part.get("mediaType"),
                                                       "name": part.get("filename")})}

    def ids(self, operation, task, config):
        return without_empty({"id": task, "pushNotificationConfigId": config})

    def push(self, task, config, url):
        return {"taskId": task, "pushNotificationConfig": {"id": config, "url": url}}

    def read_role(self, role):
        return {"user": "ROLE_USER", "agent": "ROLE_AGENT"}[role]

    def read_state(self, state):
        return "TASK_STATE_" + STATES_03[state]

    def read_data(self, data):
        return data

    def read_file(self, file):
        return {"raw": file.get("bytes"), "url": file.get("uri")}

    def read(self, value):
        kind = value.get("kind")
        return {"task": self.read_task, "message": self.read_message}[kind](value)

    def read_event(self, value):
        kind = value["kind"]
        if kind in ("task", "message"):
            return {kind: self.read(value)}
        return {{"status-update": "statusUpdate", "artifact-update": "artifactUpdate"}[kind]: self.read_update(value)}


class FormProto(Form03):
    parts = "content"

    def send(self, message, wait, history):
        configuration = without_empty({"blocking": wait})
        if history is not None:
            configuration["historyLength"] = history
        written = dict(message)
        written["content"] = [self.write_part(part) for part in written.pop("parts")]
        return {"message": written, "configuration": configuration}

    def write_part(self, part):
        if "text" in part:
            return {"text": part["text"]}
        if "data" in part:
            return {"data": {"data": part["data"]}}
        # As the Python SDK does: the text of the base64, encoded once more.
        where = {"fileWithBytes": base64.b64encode(part["raw"].encode()).decode()} if "raw" in part \
            else {"fileWithUri": part["url"]}
        return {"file": without_empty({**where, "mimeType": part.get("mediaType"), "name": part.get("filename")})}

    def push(self, task, config, url):
        return {"parent": f"tasks/{task}", "configId": config,
                "config": {"name": f"tasks/{task}/pushNotificationConfigs/{config}",
                           "pushNotificationConfig": {"id": config, "url": url}}}

    def read_role(self, role):
        return role

    def read_state(self, state):
        return "TASK_STATE_CANCELED" if state == "TASK_STATE_CANCELLED" else state

    def read_data(self, data):
        return data["data"]

    def read_file(self, file):
        encoded = file.get("fileWithBytes")
        return {"raw": None if encoded is None else base64.b64decode(encoded).decode(), "url": file.get("fileWithUri")}

    def read(self, value):
        if "status" in value:
            return self.read_task(value)
        return self.read_event(value)

    def read_event(self, value):
        (name, inner), = value.items()
        return {name: {"task": self.read_task, "message": self.read_message}.get(name, self.read_update)(inner)}
