// Random messages: 0.3 to 1.0 and back loses nothing, and 1.0 to 0.3 and back only what
// docs/reference/versions.md says.

#include "json/codec_impl.hpp"
#include "wire/v0_3/value_codecs.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace a2akit::wire::v0_3 {
namespace {

const std::string kReserved = R"({"data_part_compat":false})";

class Generator {
public:
    explicit Generator(unsigned seed) : random_(seed) {}

    SendMessageRequest send() {
        SendMessageRequest send;
        send.message = message();
        if (chance(70)) send.configuration = configuration();
        send.metadata = metadata();
        return send;
    }
    Message message() {
        Message message;
        message.message_id = "m" + text();
        if (chance(50)) message.context_id = "c" + text();
        if (chance(50)) message.task_id = "t" + text();
        message.role = chance(50) ? Role::kUser : Role::kAgent;
        message.parts = parts();
        message.metadata = metadata();
        message.extensions = texts();
        message.reference_task_ids = texts();
        return message;
    }
    Task task() {
        Task task;
        task.id = "t" + text();
        task.context_id = "c" + text();
        task.status = status();
        for (int i = below(3); i > 0; --i) task.artifacts.emplace_back(artifact());
        for (int i = below(3); i > 0; --i) task.history.emplace_back(message());
        task.metadata = metadata();
        return task;
    }
    TaskStatusUpdateEvent status_update() {
        return {"t" + text(), "c" + text(), status(), metadata()};
    }
    TaskArtifactUpdateEvent artifact_update() {
        return {"t" + text(), "c" + text(), Shared<Artifact>(artifact()),
                chance(50),   chance(50),   metadata()};
    }

private:
    bool chance(int percent) { return below(100) < percent; }
    int below(int end) { return static_cast<int>(random_() % static_cast<unsigned>(end)); }

    std::string text() {
        static const std::vector<std::string> kPieces{"a",      "\"",   "\\",   "\n", "\xc3\xa4",
                                                      "tasks/", "abcd", "\x01", "="};
        std::string text;
        for (int i = below(5); i > 0; --i) text += kPieces[static_cast<std::size_t>(below(9))];
        return text;
    }
    std::vector<std::string> texts() {
        std::vector<std::string> list;
        for (int i = below(3); i > 0; --i) list.push_back(text());
        return list;
    }
    RawJson metadata() {
        static const std::vector<std::string> kObjects{
            "",
            "",
            "{}",
            R"({"a":[1,null]})",
            R"({"x":"data_part_compat","k":{"b":"\u00e4"}})",
            kReserved};
        return RawJson(kObjects[static_cast<std::size_t>(below(6))]);
    }
    std::vector<Part> parts() {
        std::vector<Part> list;
        for (int i = 1 + below(4); i > 0; --i) list.push_back(part());
        return list;
    }
    Part part() {
        static const std::vector<std::string> kValues{
            "{}", R"({"k":[1]})", R"({"value":2})",          "[1,2]", "null",
            "3",  R"("text")",    R"({"value":1,"other":2})"};
        // Some that are base64 themselves, even twice.
        static const std::vector<std::string> kBytes{
            "", "abcd", "YWJjZA==", std::string("\0\xff\x10", 3), "hello", "===="};
        Part part;
        switch (below(4)) {
            case 0:
                part.content = TextContent{text()};
                break;
            case 1:
                part.content = RawContent{kBytes[static_cast<std::size_t>(below(6))]};
                break;
            case 2:
                part.content = UrlContent{"http://" + text()};
                break;
            default:
                part.content = DataContent{RawJson(kValues[static_cast<std::size_t>(below(8))])};
        }
        part.metadata = metadata();
        if (chance(50)) part.filename = text();
        if (chance(50)) part.media_type = "a/b";
        return part;
    }
    Artifact artifact() {
        Artifact artifact;
        artifact.artifact_id = "a" + text();
        artifact.name = text();
        artifact.description = text();
        artifact.parts = parts();
        artifact.metadata = metadata();
        artifact.extensions = texts();
        return artifact;
    }
    TaskStatus status() {
        TaskStatus status;
        status.state = static_cast<TaskState>(1 + below(8));
        if (chance(50)) status.message.emplace(message());
        if (chance(50)) status.timestamp = Timestamp(std::chrono::milliseconds(1'700'000'000'123));
        return status;
    }
    SendMessageConfiguration configuration() {
        SendMessageConfiguration configuration;
        configuration.accepted_output_modes = texts();
        configuration.return_immediately = chance(50);
        if (chance(50)) configuration.history_length = below(3);
        if (chance(50)) {
            TaskPushNotificationConfig& push =
                configuration.task_push_notification_config.emplace();
            push.id = text();
            push.url = "http://h";
            push.token = text();
            if (chance(50)) push.authentication = AuthenticationInfo{"Bearer", text()};
        }
        return configuration;
    }

    std::mt19937 random_;
};

// -- What gets lost: the second column of the tables

void lose(Form, Part& part) {
    const bool file = part.content.index() == 2 || part.content.index() == 3;
    if (!file) part.filename.clear();
    if (!file) part.media_type.clear();
    // What says that data are wrapped stands in their metadata, and can't stand there for itself.
    const bool wrapped = part.data() != nullptr && !part.data()->text().starts_with('{');
    const std::string& metadata = part.metadata.text();
    if (wrapped && (metadata == "{}" || metadata == kReserved)) part.metadata = RawJson();
}
void lose(Form form, Message& message) {
    for (Part& part : message.parts) lose(form, part);
    if (form == Form::kProto) message.reference_task_ids.clear();
}
void lose(Form form, Artifact& artifact) {
    for (Part& part : artifact.parts) lose(form, part);
}
template <class M>
void lose(Form form, Shared<M>& shared) {
    M copy = *shared;
    lose(form, copy);
    shared = Shared<M>(std::move(copy));
}
void lose(Form form, TaskStatus& status) {
    if (status.message) lose(form, *status.message);
}
void lose(Form form, Task& task) {
    lose(form, task.status);
    for (auto& artifact : task.artifacts) lose(form, artifact);
    for (auto& message : task.history) lose(form, message);
}
void lose(Form form, TaskStatusUpdateEvent& event) { lose(form, event.status); }
void lose(Form form, TaskArtifactUpdateEvent& event) { lose(form, event.artifact); }
void lose(Form form, SendMessageRequest& send) { lose(form, send.message); }

template <Form F, class M>
std::string write_in(const M& message) {
    std::string text;
    json::Writer writer(text);
    json::ValueCodec<In<F, M>>::write(writer, message);
    return text;
}
template <Form F, class M>
M read_in(const std::string& text) {
    M message;
    json::Cursor cursor(text);
    json::ValueCodec<In<F, M>>::read(cursor, message);
    const auto end = cursor.finish();
    EXPECT_TRUE(end) << end.error().message << '\n' << text;
    return message;
}

template <Form F, class M>
void check(const M& message) {
    const std::string text = write_in<F>(message);
    const M back = read_in<F, M>(text);
    M expected = message;
    lose(F, expected);
    EXPECT_EQ(json::encode(back), json::encode(expected)) << "1.0 to 0.3 and back\n" << text;
    EXPECT_EQ(write_in<F>(back), text) << "0.3 to 1.0 and back";
}

TEST(V03RoundTrip, LosesOnlyWhatTheReferenceSays) {
    for (unsigned seed = 0; seed < 500; ++seed) {
        Generator generator(seed);
        const auto both = [](const auto& message) {
            check<Form::kSchema>(message);
            check<Form::kProto>(message);
        };
        both(generator.send());
        both(generator.message());
        both(generator.task());
        both(generator.status_update());
        both(generator.artifact_update());
        if (testing::Test::HasFailure()) FAIL() << "seed " << seed;
    }
}

}  // namespace
}  // namespace a2akit::wire::v0_3
