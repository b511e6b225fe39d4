#include "json/writer.hpp"
#include "wire/chat/codec.hpp"
#include "wire/codec.hpp"
#include "wire/endpoint.hpp"
#include "wire/error_render.hpp"
#include "wire/media_type.hpp"

#include <algorithm>

namespace a2akit::wire {
namespace {

constexpr std::size_t kUsualAnswerBytes = 2048;
constexpr std::size_t kUsualEventBytes = 512;

Timestamp now() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

void begin_result(std::string& out, const AnswerForm& form) {
    out += R"({"jsonrpc":"2.0","id":)";
    out += form.rpc_id;
    out += R"(,"result":)";
}

void write_rpc_reply(std::string& out, const Call& call, const Reply& reply) {
    out.reserve(out.size() + kUsualAnswerBytes);
    begin_result(out, call);
    codec(call.version).write_reply(out, reply, call);
    out += '}';
}

/// Tells the client which of its extensions are in force.
void add_extensions(HttpResponse& response, const std::vector<std::string>& activated,
                    Version version = Version::k1_0) {
    if (activated.empty()) return;
    std::string list;
    for (const std::string& uri : activated) {
        if (!list.empty()) list += ", ";
        list += uri;
    }
    response.headers.emplace_back(codec(version).extensions_header(), std::move(list));
}

}  // namespace

HttpResponse encode(const Call& call, const HandledRequest& handled) {
    if (call.json_rpc && call.rpc_id.empty())
        return no_content(handled.reply ? nullptr : &handled.reply.error());
    HttpResponse response;
    if (call.version == Version::kChat && handled.reply) {
        // Not a status at which clients try again.
        if (const auto failed = chat::failure_in(*handled.reply))
            return status_error(*failed, kJson, 422, call.version);
    }
    if (!handled.reply) {
        const Error& error = handled.reply.error();
        response = call.json_rpc
                       ? json_rpc_refusal(call.rpc_id, error, call.version, call.operation)
                       : status_error(error, call.content_type, 0, call.version);
    } else {
        response.content_type = call.content_type;
        if (call.json_rpc) {
            write_rpc_reply(response.body, call, *handled.reply);
        } else {
            response.body.reserve(kUsualAnswerBytes);
            codec(call.version).write_reply(response.body, *handled.reply, call);
        }
        // The extended card is for its caller alone (section 13.3).
        if (std::holds_alternative<AgentCard>(*handled.reply))
            response.headers.emplace_back("Cache-Control", "private, no-store");
    }
    add_extensions(response, handled.activated_extensions, call.version);
    return response;
}

HttpResponse early_head(const AnswerForm& form, const std::vector<std::string>& activated) {
    HttpResponse response;
    response.content_type = form.content_type;
    response.headers.emplace_back("X-Accel-Buffering", "no");
    add_extensions(response, activated);
    return response;
}

std::string encode_batch_entry(const Call& call, const HandledRequest& handled) {
    std::string out;
    if (call.rpc_id.empty()) return out;
    if (handled.reply) {
        write_rpc_reply(out, call, *handled.reply);
    } else {
        codec(call.version).append_json_rpc_error(out, call.rpc_id, handled.reply.error(), now());
    }
    return out;
}

HttpResponse encode_batch(const std::vector<std::string>& entries,
                          const std::vector<std::string>& extensions, const Error* refused) {
    HttpResponse response;
    for (const std::string& entry : entries) {
        if (entry.empty()) continue;
        response.body += response.body.empty() ? '[' : ',';
        response.body += entry;
    }
    if (response.body.empty()) return no_content(refused);
    response.body += ']';
    response.content_type = kJson;
    if (refused != nullptr && refused->code == ErrorCode::kUnauthenticated)
        add_challenge(response, *refused);
    add_extensions(response, extensions);
    return response;
}

HttpResponse stream_head(const AnswerForm& form, const HandledRequest& handled) {
    HttpResponse response;
    response.content_type = kEventStream;
    response.headers.emplace_back("Cache-Control", "no-cache");
    response.headers.emplace_back("X-Accel-Buffering", "no");
    add_extensions(response, handled.activated_extensions, form.version);
    return response;
}

namespace {

/// Escapes U+0085, U+2028 and U+2029 in the JSON from `start` on. JSON allows them as they are, but
/// clients that read lines by Unicode's rules, the official Python one among them, take each for
/// the end of the `data:` line.
void escape_line_ends(std::string& out, std::size_t start) {
    constexpr std::string_view kFirstBytes = "\xC2\xE2";
    // Two searches for one byte each are several times faster than one for either.
    const std::size_t first =
        std::min(out.find(kFirstBytes[0], start), out.find(kFirstBytes[1], start));
    if (first == std::string::npos) return;
    const std::string tail = out.substr(first);
    std::string_view rest = tail;
    out.resize(first);
    while (!rest.empty()) {
        if (rest.starts_with("\xC2\x85")) {
            out += "\\u0085";
            rest.remove_prefix(2);
        } else if (rest.starts_with("\xE2\x80\xA8") || rest.starts_with("\xE2\x80\xA9")) {
            out += rest[2] == '\xA8' ? "\\u2028" : "\\u2029";
            rest.remove_prefix(3);
        } else {
            const std::size_t next = std::min(rest.find_first_of(kFirstBytes, 1), rest.size());
            out += rest.substr(0, next);
            rest.remove_prefix(next);
        }
    }
}

}  // namespace

void encode_stream_item(const AnswerForm& form, const StreamItem& item, std::string& out) {
    if (out.capacity() - out.size() < kUsualEventBytes)
        out.reserve(2 * out.size() + kUsualEventBytes);
    const std::size_t start = out.size();
    json::Writer writer(out);
    out += "id: ";
    writer.integer(static_cast<std::int64_t>(item.id));
    out += "\ndata: ";
    if (form.json_rpc) begin_result(out, form);
    codec(form.version).write_event(out, item.response, form);
    escape_line_ends(out, start);
    out += form.json_rpc ? "}\n\n" : "\n\n";
}

void encode_stream_end(const AnswerForm& form, const EventStream::Batch& last, std::string& out) {
    if (last.end == EventStream::End::kDraining) {
        out += ": the server is stopping, go on with Last-Event-ID\n";
        return;
    }
    if (last.end == EventStream::End::kFinished && form.version == Version::kChat)
        out += "data: [DONE]\n\n";
    if (last.end != EventStream::End::kFailed) return;
    const Error error =
        last.error.value_or(Error{ErrorCode::kInternal, "the stream failed", nullptr});
    const std::size_t start = out.size();
    out += form.json_rpc ? "data: " : "event: error\ndata: ";
    const Codec& writer = codec(form.version);
    if (form.json_rpc) {
        writer.append_json_rpc_error(out, form.rpc_id, error, now());
    } else {
        writer.append_http_error(out, error, writer.http_status(error), now());
    }
    escape_line_ends(out, start);
    out += "\n\n";
}

void encode_heartbeat(std::string& out) { out += ": keep-alive\n"; }

}  // namespace a2akit::wire
