// SPDX-License-Identifier: MIT
#pragma once

#include "fuzz/http_readings.hpp"

#include <boost/asio/ip/address_v6.hpp>

#include <span>

namespace weir::http::differential {

/// One request as parsed by both readers.
struct comparison {
    std::string_view input;
    reading weir;
    reading beast;
};

inline comparison compare(std::string_view input) { return {input, read_with_weir(input), read_with_beast(input)}; }

/// An intended difference. Only the differences in the table are allowed.
struct difference {
    std::string_view what;
    std::string_view section; ///< what the RFC says about it
    std::string_view why;     ///< why weir behaves this way
    std::string example;
    int weir;   ///< weir's response to the example; 200 if accepted
    bool beast; ///< whether Beast accepts it
    bool (*explains)(const comparison&);
};

inline std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return out;
}

inline bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// The values of all fields with that name, as parsed by Beast.
inline std::vector<std::string> values(const reading& of, std::string_view name) {
    std::vector<std::string> out;
    for (const auto& [key, value] : of.fields)
        if (lower(key) == name) out.push_back(value);
    return out;
}

inline bool any_value(const reading& of, std::string_view name, std::string_view part) {
    for (const auto& value : values(of, name))
        if (has(lower(value), part)) return true;
    return false;
}

/// A DNS name or an IPv6 address, optionally with a port, no user, nothing percent-encoded: RFC 3986 section 3.2
/// without the forms that aren't used for routing, in the simplest notation.
inline bool names_a_host(std::string_view text) {
    std::string_view host = text.substr(0, text.starts_with('[') ? text.find(']') + 1 : text.find(':'));
    const std::string_view port = text.substr(host.size());
    if (!port.empty() && port.front() != ':') return false;
    if (port.find_first_not_of("0123456789", 1) != std::string_view::npos) return false;
    if (port.size() > 6 || (port.size() == 6 && port.substr(1) > "65535")) return false;
    if (!host.starts_with('[')) {
        for (const char c : lower(host))
            if (!has("abcdefghijklmnopqrstuvwxyz0123456789-._~", {&c, 1})) return false;
        return !host.empty();
    }
    boost::system::error_code failed;
    boost::asio::ip::make_address_v6(std::string(host.substr(1, host.size() - 2)), failed);
    return !failed && !has(host, "%");
}

/// The name of the first folded field, of the head or the trailers; empty if there is none.
inline std::string folded_field(const comparison& both) {
    const auto request = both.input.substr(0, both.beast.consumed);
    const auto fold = std::min(request.find("\r\n "), request.find("\r\n\t"));
    if (fold == std::string_view::npos) return {};
    const auto line = request.substr(0, fold).substr(request.rfind("\r\n", fold - 1) + 2);
    return lower(line.substr(0, line.find(':')));
}

/// The lines after the last chunk as parsed by Beast.
inline std::string trailers(const comparison& both) {
    const auto head = both.input.find("\r\n\r\n");
    return lower(both.input.substr(std::min(head, both.input.size())));
}

inline bool says(const comparison& both, std::string_view reason) { return both.weir.reason == reason; }

inline std::string get(std::string_view target) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

inline std::string post(std::string_view fields, std::string_view body = {}) {
    return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

inline std::string chunks(std::string_view body) { return post("Transfer-Encoding: chunked\r\n", body); }

/// All allowed differences. First what Beast accepts and weir refuses, mostly because two readers of one connection may
/// disagree about it; then what weir accepts and Beast refuses; then what the two interpret differently.
inline const std::vector<difference> differences{
    {"a target that is neither a path nor a URL", "RFC 9112 section 3.2", "no resource is named", get("a"), 400, true,
     [](const comparison& both) {
         const auto target = lower(both.beast.target);
         return says(both, "the request target is neither a path nor a URL") && !target.starts_with("/") &&
                !target.starts_with("http://") && !target.starts_with("https://");
     }},
    {"* for anything but OPTIONS", "RFC 9112 section 3.2.4", "asterisk-form is for OPTIONS alone", get("*"), 400, true,
     [](const comparison& both) {
         return says(both, "only OPTIONS may ask for *") && both.beast.target == "*" && both.beast.method != "OPTIONS";
     }},
    {"a fragment or a byte that is not ASCII in the target", "RFC 9112 section 3.2",
     "a URI has neither; readers differ in where such a path ends", get("/a#b"), 400, true,
     [](const comparison& both) {
         const auto& target = both.beast.target;
         return says(both, "the request target has a character that isn't allowed there") &&
                std::any_of(target.begin(), target.end(), [](char c) {
                    return c == '#' || static_cast<unsigned char>(c) >= 0x80;
                });
     }},
    {"a URL without a host, with a user or with an invalid one as target", "RFC 9110 section 4.2",
     "an http URL has a host, and its user part only hides another one", get("http://u@a/"), 400, true,
     [](const comparison& both) {
         const auto rest = both.beast.target.substr(both.beast.target.find("//") + 2);
         return (says(both, "the request target has no host") || says(both, "the request target's host is invalid")) &&
                !names_a_host(rest.substr(0, rest.find_first_of("/?")));
     }},
    {"CONNECT", "RFC 9110 section 9.3.6", "weir is no proxy", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501, true,
     [](const comparison& both) { return says(both, "CONNECT isn't supported") && both.beast.method == "CONNECT"; }},
    {"HTTP/1.1 without Host", "RFC 9112 section 3.2", "MUST be 400", "GET / HTTP/1.1\r\n\r\n", 400, true,
     [](const comparison& both) {
         return says(both, "the Host header is missing") && both.beast.minor_version == 1 &&
                values(both.beast, "host").empty();
     }},
    {"Host twice", "RFC 9112 section 3.2", "MUST be 400: who routes by which?", post("Host: b\r\n"), 400, true,
     [](const comparison& both) {
         return says(both, "there is more than one Host header") && values(both.beast, "host").size() > 1;
     }},
    {"Host with an invalid value", "RFC 9112 section 3.2", "MUST be 400", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400,
     true,
     [](const comparison& both) {
         const auto hosts = values(both.beast, "host");
         return says(both, "the Host header is invalid") && !hosts.empty() && !names_a_host(hosts.front());
     }},
    {"Authorization or Content-Type twice", "RFC 9110 section 5.3",
     "neither is a list: a proxy that checks one of them may leave the other to the server",
     post("Content-Type: a/b\r\ncontent-type: a/b\r\n"), 400, true,
     [](const comparison& both) {
         return (says(both, "there is more than one Authorization header") &&
                 values(both.beast, "authorization").size() > 1) ||
                (says(both, "there is more than one Content-Type header") &&
                 values(both.beast, "content-type").size() > 1);
     }},
    {"a folded header line", "RFC 9112 section 5.2",
     "MUST be refused or replaced; a reader that doesn't fold sees other fields", post("A: b\r\n c\r\n"), 400, true,
     [](const comparison& both) {
         const auto name = folded_field(both);
         if (says(both, "a header line starts with a blank")) return !name.empty();
         return name.size() > 3 && has(lower(both.weir.reason), name); // invalid without its second line
     }},
    {"a folded trailer line", "RFC 9112 section 5.2", "as in the head", chunks("0\r\nA: b\r\n c\r\n\r\n"), 400, true,
     [](const comparison& both) { return says(both, "a trailer line is invalid") && !folded_field(both).empty(); }},
    {"Content-Length twice", "RFC 9112 section 6.3", "may be refused even if both are the same: which one is read?",
     post("Content-Length: 1\r\nContent-Length: 1\r\n", "x"), 400, true,
     [](const comparison& both) {
         return says(both, "there is more than one Content-Length header") &&
                values(both.beast, "content-length").size() > 1;
     }},
    {"Content-Length as a list", "RFC 9112 section 6.3", "as when it comes twice",
     post("Content-Length: 1, 1\r\n", "x"), 400, true,
     [](const comparison& both) {
         return says(both, "the Content-Length header is invalid") && any_value(both.beast, "content-length", ",");
     }},
    {"Transfer-Encoding that doesn't end with chunked, or names it twice", "RFC 9112 section 6.3",
     "MUST be 400: Beast takes it for no body, and what follows for the next request",
     post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 400, true,
     [](const comparison& both) {
         const auto all = values(both.beast, "transfer-encoding");
         return (says(both, "the Transfer-Encoding header doesn't end with chunked") ||
                 says(both, "the Transfer-Encoding header is invalid")) &&
                !all.empty() && lower(all.front()) != "chunked";
     }},
    {"a transfer coding before chunked", "RFC 9112 section 6.1", "SHOULD be 501: weir couldn't decode it",
     post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501, true,
     [](const comparison& both) {
         return says(both, "only the transfer coding chunked is supported") &&
                any_value(both.beast, "transfer-encoding", ",");
     }},
    {"Transfer-Encoding in HTTP/1.0", "RFC 9112 section 6.1", "MUST be treated as faulty framing",
     "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, true,
     [](const comparison& both) {
         return says(both, "Transfer-Encoding in HTTP/1.0") && both.beast.minor_version == 0 &&
                !values(both.beast, "transfer-encoding").empty();
     }},
    {"an expectation other than 100-continue", "RFC 9110 section 10.1.1", "may be answered 417",
     post("Expect: a-miracle\r\n"), 417, true,
     [](const comparison& both) {
         return says(both, "only the expectation 100-continue is supported") && !values(both.beast, "expect").empty();
     }},
    {"a control character in a quoted chunk extension", "RFC 9110 section 5.6.4", "not allowed in a quoted string",
     chunks("1;a=\"\x01\"\r\nx\r\n0\r\n\r\n"), 400, true,
     [](const comparison& both) {
         return says(both, "a chunk's extension is invalid") && has(both.input.substr(0, both.beast.consumed), "\"");
     }},
    {"a request line over 8 KiB", "RFC 9112 section 3", "414; Beast limits only the head as a whole",
     get("/" + std::string(8192, 'a')), 414, true,
     [](const comparison& both) {
         return both.weir.status == 414 && both.beast.method.size() + both.beast.target.size() + 10 > 8192;
     }},
    {"a head over 16 KiB", "RFC 6585 section 5", "431, as above", post("A: " + std::string(16384, 'a') + "\r\n"), 431,
     true, [](const comparison& both) { return both.weir.status == 431 && both.beast.consumed > 16384; }},
    {"more than 100 fields", "RFC 6585 section 5", "431; Beast has no such limit",
     [] {
         std::string fields;
         for (int i = 0; i < 100; ++i) fields += "A: b\r\n";
         return post(fields);
     }(),
     431, true,
     [](const comparison& both) {
         return says(both, "there are too many header fields") && both.beast.fields.size() > 100;
     }},
    {"more than 16 KiB of extensions, trailers and zeros", "RFC 9112 section 7.1.1",
     "ought to be limited: they carry nothing", chunks(std::string(20000, '0') + "\r\n\r\n"), 413, true,
     [](const comparison& both) {
         return says(both, "the chunked body's extensions and trailers are too large") &&
                both.beast.consumed > both.beast.body.size() + std::size_t{16} * 1024;
     }},

    {"an empty line before the request line", "RFC 9112 section 2.2", "SHOULD be ignored", "\r\n" + get("/"), 200,
     false, [](const comparison& both) { return both.input.starts_with("\r\n"); }},
    {"HTTP/1.2 to HTTP/1.9", "RFC 9110 section 2.5", "are to be read as the highest 1.x known",
     "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 200, false,
     [](const comparison& both) { return both.beast.reason == "bad version" && both.weir.minor_version == 1; }},
    {"Content-Length, Transfer-Encoding or Connection in a trailer", "RFC 9110 section 6.5.1",
     "trailers are dropped, so they can't change how the request is framed", chunks("0\r\nContent-Length: 1\r\n\r\n"),
     200, false,
     [](const comparison& both) {
         const auto behind = trailers(both);
         return both.weir.chunked &&
                (has(behind, "\ncontent-length:") || has(behind, "\ntransfer-encoding:") || has(behind, "connection:"));
     }},
    {"a malformed Proxy-Connection", "RFC 9112 appendix C.2.2", "isn't a field of HTTP: weir doesn't read it",
     post("Proxy-Connection: a b\r\n"), 200, false,
     [](const comparison& both) { return !values(both.weir, "proxy-connection").empty(); }},

    {"Proxy-Connection", "RFC 9112 appendix C.2.2", "as above; Beast takes it for Connection",
     post("Proxy-Connection: close\r\n"), 200, true,
     [](const comparison& both) { return !values(both.beast, "proxy-connection").empty(); }},
    {"close beside keep-alive in HTTP/1.0", "RFC 9112 section 9.3", "close wins, in any version",
     "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", 200, true,
     [](const comparison& both) {
         return both.beast.minor_version == 0 && !both.weir.keep_alive && any_value(both.beast, "connection", "close");
     }},
    {"Connection in a trailer", "RFC 9110 section 6.5.1", "trailers are dropped; Beast still obeys this one",
     chunks("0\r\nConnection: close\r\n\r\n"), 200, true,
     [](const comparison& both) { return both.beast.chunked && has(trailers(both), "connection:"); }},
};

/// Whether two readings are of the same request and end at the same byte.
inline bool same_request(const reading& a, const reading& b) {
    return a.method == b.method && a.target == b.target && a.minor_version == b.minor_version && a.fields == b.fields &&
           a.chunked == b.chunked && a.length == b.length && a.body == b.body && a.consumed == b.consumed;
}

/// Whether the readings agree, or at least don't contradict each other: a reader that waits for more hasn't decided,
/// unless the other one has accepted the request.
inline bool agree(const reading& weir, const reading& beast) {
    if (!weir.accepted() && !beast.accepted()) return true;
    return weir.is == beast.is && same_request(weir, beast) && weir.keep_alive == beast.keep_alive;
}

/// The entry that explains why they disagree; null if none does. If both accept a request, only whether the connection
/// stays open may differ.
inline const difference* explanation(const comparison& both) {
    const bool taken = both.weir.accepted() && both.beast.accepted();
    if (taken && !same_request(both.weir, both.beast)) return nullptr;
    if (!taken && !both.weir.accepted() && !both.weir.refused()) return nullptr;
    for (const auto& one : differences)
        if ((one.weir == 200) == both.weir.accepted() && one.beast == both.beast.accepted() && one.explains(both))
            return &one;
    return nullptr;
}

/// A request that only weir accepts, rewritten so that Beast accepts it too; empty if it shouldn't be rewritten.
inline std::string without_leniency(const comparison& both) {
    const auto bytes = std::string(both.input);
    if (bytes.starts_with("\r\n")) return bytes.substr(2);
    auto plain = bytes;
    const auto version = both.input.find("\r\n") - 1;
    plain[version] = '1';
    return bytes[version] > '1' && bytes[version] <= '9' ? plain : std::string();
}

} // namespace weir::http::differential
