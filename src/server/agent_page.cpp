#include "server/agent_page.hpp"

#include <string_view>

namespace a2akit {
namespace {

void escape(std::string& page, std::string_view text) {
    for (const char c : text) {
        switch (c) {
            case '&':
                page += "&amp;";
                break;
            case '<':
                page += "&lt;";
                break;
            case '>':
                page += "&gt;";
                break;
            case '"':
                page += "&quot;";
                break;
            case '\'':
                page += "&#39;";
                break;
            default:
                page += c;
        }
    }
}

void add(std::string& page, const ListedAgent& agent) {
    page += "<h2>";
    escape(page, agent.name);
    page += "</h2>\n<p>";
    escape(page, agent.description);
    page += "</p>\n<p>Version ";
    escape(page, agent.version);
    page += ", at <code>";
    escape(page, agent.url);
    page += "</code>, <a href=\"";
    escape(page, agent.url);
    page += "/.well-known/agent-card.json\">agent card</a></p>\n";
}

}  // namespace

wire::HttpResponse agent_page(const std::vector<ListedAgent>& agents) {
    wire::HttpResponse response;
    response.content_type = "text/html; charset=utf-8";
    response.headers = {
        {"Content-Security-Policy",
         "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cache-Control", "no-cache"}};
    std::string& page = response.body;
    page =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Agents</title>\n</head>\n"
        "<body>\n<h1>Agents</h1>\n"
        "<p>Programs call these agents over the A2A protocol.</p>\n";
    for (const ListedAgent& agent : agents) add(page, agent);
    page += "</body>\n</html>\n";
    return response;
}

}  // namespace a2akit
