// Any request at all: no crash, every answer is well-formed, and what is no call changes nothing;
// what was decoded encodes and decodes to the same, and a message that was sent survives both forms
// of protocol 0.3.
//
// The input is a request as text: "METHOD target", then "name: value" lines, an empty line, the
// body.

#include "json/codec_impl.hpp"
#include "wire/endpoint.hpp"
#include "wire/v0_3/value_codecs.hpp"

#include <a2akit/protocol/json.hpp>

#include <cstdlib>

namespace {

using namespace a2akit;
using namespace a2akit::wire;

std::string_view take_line(std::string_view& rest) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return line;
}

void check(const HttpResponse& response) {
    if (response.status < 200 || response.status > 599) std::abort();
    if (response.body.empty() != response.content_type.empty()) std::abort();
    std::string_view body = response.body;
    if (response.content_type == "text/event-stream") {
        if (!body.starts_with("data: ") || !body.ends_with("\n\n")) std::abort();
        body.remove_prefix(6);
    }
    if (!body.empty() && !parse_raw_json(body)) std::abort();
}

/// After one time through a form, what is lost is lost: the next time changes nothing more.
template <v0_3::Form F>
void check_form(const Message& message) {
    using Codec = json::ValueCodec<v0_3::In<F, Message>>;
    const auto written = [](const Message& m) {
        std::string text;
        json::Writer writer(text);
        Codec::write(writer, m);
        return text;
    };
    const auto read = [](const std::string& text) {
        Message found;
        json::Cursor cursor(text, json::Mode::kStrict, json::kReadBack);
        Codec::read(cursor, found);
        if (!cursor.finish()) std::abort();
        return found;
    };
    const Message once = read(written(message));
    if (json::encode(read(written(once))) != json::encode(once)) std::abort();
}

/// What was decoded, from wherever it came, encodes and decodes to the same.
void check(const OperationParams& params) {
    std::visit(
        []<class P>(const P& p) {
            const std::string written = json::encode(p);
            const auto again = json::decode<P>(written, json::Mode::kLenient);
            if (!again || json::encode(*again) != written) std::abort();
        },
        params);
}

void check(const Call& call) {
    check(call.envelope.params);
    if (const auto* send = std::get_if<SendMessageRequest>(&call.envelope.params)) {
        check_form<v0_3::Form::kSchema>(send->message);
        check_form<v0_3::Form::kProto>(send->message);
    }
    const HandledRequest failed{Result<Reply>(Error{ErrorCode::kTaskNotFound, "none", nullptr}),
                                {}};
    check(encode(call, failed));
    const std::string entry = encode_batch_entry(call, failed);
    if (call.json_rpc && !entry.empty() && !parse_raw_json(entry)) std::abort();
    std::string event;
    encode_stream_item(call, StreamItem{1, {Message{}}}, event);
    if (event.find("\n\n") != event.size() - 2) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    std::string_view first = take_line(rest);
    const std::size_t space = first.find(' ');
    RequestHead head;
    head.method = first.substr(0, space);
    head.target = space == std::string_view::npos ? std::string_view{} : first.substr(space + 1);
    std::vector<std::pair<std::string, std::string>> headers;
    for (std::string_view line = take_line(rest); !line.empty(); line = take_line(rest)) {
        const std::size_t colon = line.find(": ");
        if (colon == std::string_view::npos) continue;
        headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    }
    head.headers = &headers;

    const auto routed = route(head, 1U << 20U);
    if (const auto* refused = std::get_if<HttpResponse>(&routed)) {
        check(*refused);
        return 0;
    }
    const Route& found = std::get<Route>(routed);
    if (found.kind != RouteKind::kJsonRpc && found.kind != RouteKind::kOperation) return 0;
    const auto outcome = decode(found, head, rest);
    if (const auto* refused = std::get_if<HttpResponse>(&outcome)) {
        check(*refused);
        return 0;
    }
    for (const auto& entry : std::get<Decoded>(outcome).entries) {
        if (const auto* call = std::get_if<Call>(&entry)) {
            check(*call);
        } else if (const auto& answer = std::get<std::string>(entry);
                   !answer.empty() && !parse_raw_json(answer)) {
            std::abort();
        }
    }
    return 0;
}
