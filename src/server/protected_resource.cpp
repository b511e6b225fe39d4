#include "server/protected_resource.hpp"

#include "json/writer.hpp"

namespace a2akit {
namespace {

void add(json::Writer& writer, std::string_view name, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    writer.key(name);
    writer.begin_array();
    for (const std::string& text : texts) {
        writer.element();
        writer.string(text);
    }
    writer.end_array();
}

}  // namespace

std::string protected_resource_metadata(const std::string& url, const TokenSources& sources,
                                        const std::string& name, const std::string& documentation) {
    std::string text;
    json::Writer writer(text);
    writer.begin_object();
    writer.key("resource");
    writer.string(url);
    add(writer, "authorization_servers", sources.authorization_servers);
    add(writer, "scopes_supported", sources.scopes);
    add(writer, "bearer_methods_supported", {"header"});
    writer.key("resource_name");
    writer.string(name);
    if (!documentation.empty()) {
        writer.key("resource_documentation");
        writer.string(documentation);
    }
    writer.end_object();
    return text;
}

}  // namespace a2akit
