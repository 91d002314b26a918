# shellcheck shell=bash disable=SC2329
# What an nginx' configuration (the output of `nginx -T`, on stdin) says of what users may send, what is kept from them, and what
# protects them: `directives SERVICE WHOSE`. Prints `directive SERVICE WHOSE SERVER LOCATION NAME WORDS`: SERVER is the first
# `listen` and the first name of one, both it and LOCATION are empty outside of any, and WORDS are without their quotes. Only the names below leave the server, and of a header only its name: other words of
# the configuration may be secrets.
directives() {
    awk -v service="$1" -v whose="$2" '
    BEGIN {
        split("client_max_body_size client_body_timeout client_header_timeout send_timeout proxy_connect_timeout proxy_read_timeout " \
            "proxy_send_timeout fastcgi_read_timeout uwsgi_read_timeout scgi_read_timeout grpc_read_timeout limit_req_zone " \
            "limit_req limit_conn ssl_protocols add_header add_header_inherit allow deny auth_basic auth_request satisfy internal return ssl_verify_client gzip autoindex", list, " ")
        for (n in list) wanted[list[n]] = 1
    }
    # words from the nth on, in one string
    function words_from(n,    joined) {
        joined = word[n]
        for (n++; n <= count; n++) joined = joined " " word[n]
        return joined
    }
    # the end of a directive, or the beginning of a block: its words are in word[1..count]
    function statement(opens,    shown) {
        if (opens) {
            depth++
            location[depth] = word[1] == "location" ? words_from(2) : location[depth - 1]
            if (word[1] == "server" && count == 1 && server_depth == 0) { server_depth = depth; port = name = ""; kept = 0 }
        } else if (server_depth == depth && word[1] == "listen" && port == "") port = word[2]
        else if (server_depth == depth && word[1] == "server_name" && name == "") name = word[2]
        else if (count > 0 && word[1] in wanted && (word[1] != "return" || word[2] ~ /^4[0-9][0-9]$/)) {
            shown = count == 1 ? "" : words_from(2)
            if (word[1] == "add_header" || word[1] == "return") shown = word[2]
            # what it counts by is nothing that anything here is about
            if (word[1] == "limit_req_zone") shown = words_from(3)
            if (word[1] == "auth_basic" && shown != "off") shown = "on"
            shown = location[depth] "\t" word[1] "\t" shown
            # what it listens to may stand below it
            if (server_depth > 0) line[++kept] = shown; else show("", shown)
        }
        count = 0
    }
    function show(server, shown) { printf "directive\t%s\t%s\t%s\t%s\n", service, whose, server, shown }
    function end_block(    n, server) {
        count = 0
        if (server_depth > 0 && depth == server_depth) {
            server = port (port != "" && name != "" ? " " : "") name
            # a server of which nothing else is shown is there all the same
            show(server, "\tserver\t")
            for (n = 1; n <= kept; n++) show(server, line[n])
            server_depth = 0
        }
        if (depth > 0) depth--
    }
    function end_word() { if (inside) { word[++count] = text; inside = 0; text = "" } }
    # what it says of the test itself stands before the files
    depth == 0 && count == 0 && /^nginx: / { next }
    {
        length_of = length($0)
        for (at = 1; at <= length_of; at++) {
            one = substr($0, at, 1)
            if (one == "\t") one = " "
            if (quote != "") {
                if (one == "\\" && at < length_of) { at++; text = text substr($0, at, 1) }
                else if (one == quote) quote = ""
                else text = text one
            }
            else if (!inside && one == "#") break
            else if (!inside && (one == "\"" || one == "\047")) { quote = one; inside = 1 }
            else if (one == " " || one == "\r") end_word()
            else if (one == ";") { end_word(); statement(0) }
            else if (one == "{" && text !~ /[$]$/) { end_word(); statement(1) }
            else if (one == "}" && text !~ /[$][{][A-Za-z0-9_]*$/) { end_word(); end_block() }
            else { text = text one; inside = 1 }
        }
        if (quote != "") text = text " "; else end_word()
    }'
}
