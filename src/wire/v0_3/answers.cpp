#include "wire/v0_3/answers.hpp"

#include "json/codec_impl.hpp"
#include "wire/v0_3/card.hpp"
#include "wire/v0_3/value_codecs.hpp"

namespace a2akit::wire::v0_3 {
namespace {

/// True for the event after which a stream ends. A stream that follows a send ends when the task
/// asks for input, too.
bool is_final(const TaskStatusUpdateEvent& event, const AnswerForm& form) noexcept {
    const TaskState state = event.status.state;
    return is_terminal(state) || (state == TaskState::kInputRequired &&
                                  form.operation == Operation::kSendStreamingMessage);
}

template <Form F>
class Answers {
public:
    Answers(std::string& out, const AnswerForm& form) : writer_(out), form_(form) {}

    void task(const Task& task) { json::write_as<In<F, Task>>(writer_, task); }

    // One of several alternatives: the schema names it by its kind, the proto by the name of the
    // enclosing field.
    void one_of(const Task& value) {
        begin("task");
        task(value);
        end();
    }
    void one_of(const Message& message) {
        begin("message");
        json::write_as<In<F, Message>>(writer_, message);
        end();
    }
    void one_of(const TaskStatusUpdateEvent& event) {
        begin("statusUpdate");
        json::write_as<In<F, TaskStatusUpdateEvent>>(writer_, event);
        writer_.out().pop_back();
        writer_.key("final");
        writer_.boolean(is_final(event, form_));
        writer_.end_object();
        end();
    }
    void one_of(const TaskArtifactUpdateEvent& event) {
        begin("artifactUpdate");
        json::write_as<In<F, TaskArtifactUpdateEvent>>(writer_, event);
        end();
    }
    void one_of(const std::monostate&) { writer_.raw("{}"); }

    void config(const TaskPushNotificationConfig& config) {
        writer_.begin_object();
        if (F == Form::kSchema) {
            writer_.key("taskId");
            writer_.string(config.task_id);
        } else {
            writer_.key("name");
            writer_.string("tasks/" + config.task_id + "/pushNotificationConfigs/" + config.id);
        }
        writer_.key("pushNotificationConfig");
        json::write_as<In<F, PushConfig>>(writer_, config);
        writer_.end_object();
    }

    void configs(const ListTaskPushNotificationConfigsResponse& list) {
        if (F == Form::kProto) {
            writer_.begin_object();
            writer_.key("configs");
        }
        writer_.begin_array();
        for (const TaskPushNotificationConfig& each : list.configs) {
            writer_.element();
            config(each);
        }
        writer_.end_array();
        if (F != Form::kProto) return;
        if (!list.next_page_token.empty()) {
            writer_.key("nextPageToken");
            writer_.string(list.next_page_token);
        }
        writer_.end_object();
    }

    void nothing() { writer_.raw(F == Form::kSchema ? "null" : "{}"); }

private:
    void begin(std::string_view name) {
        if (F == Form::kSchema) return;
        writer_.begin_object();
        writer_.key(name);
    }
    void end() {
        if (F == Form::kProto) writer_.end_object();
    }

    json::Writer writer_;
    const AnswerForm& form_;
};

template <Form F>
void append_in(std::string& out, const Reply& reply, const AnswerForm& form) {
    Answers<F> answers(out, form);
    std::visit(
        [&]<class R>(const R& value) {
            if constexpr (std::is_same_v<R, SendMessageResponse>) {
                std::visit([&](const auto& payload) { answers.one_of(payload); }, value.payload);
            } else if constexpr (std::is_same_v<R, Task>) {
                answers.task(value);
            } else if constexpr (std::is_same_v<R, TaskPushNotificationConfig>) {
                answers.config(value);
            } else if constexpr (std::is_same_v<R, ListTaskPushNotificationConfigsResponse>) {
                answers.configs(value);
            } else if constexpr (std::is_same_v<R, AgentCard>) {
                append_card(out, value);
            } else {
                answers.nothing();  // 0.3 has no ListTasks, and a stream has no single value
            }
        },
        reply);
}

}  // namespace

void append_reply(std::string& out, const Reply& reply, const AnswerForm& form) {
    if (form.json_rpc)
        append_in<Form::kSchema>(out, reply, form);
    else
        append_in<Form::kProto>(out, reply, form);
}

void append_event(std::string& out, const StreamResponse& event, const AnswerForm& form) {
    const auto append = [&](auto answers) {
        std::visit([&](const auto& payload) { answers.one_of(payload); }, event.payload);
    };
    if (form.json_rpc)
        append(Answers<Form::kSchema>(out, form));
    else
        append(Answers<Form::kProto>(out, form));
}

}  // namespace a2akit::wire::v0_3
