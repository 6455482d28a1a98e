/// Every option of a hop. The handle is reset first, so that nothing of an earlier request is left in it.
#include <strings.h>

#include <algorithm>

#include "services/http/transfer.hpp"

namespace toolrack::services::http {

void Transfer::set_options() {
  auto* easy = handle_.get();
  curl_easy_reset(easy);
  curl_easy_setopt(easy, CURLOPT_CURLU, url_.handle());
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text_.data());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // A lookup that hangs would otherwise be waited for, with the whole loop, when its request ends.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::clamp<std::int64_t>(request_.connect_timeout.count(), 1, 86'400'000)));
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);

  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!shared_.settings.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, shared_.settings.ca_file.c_str());
  // A proxy of the environment would hide the address that is dialled from the guard.
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  // Idle connections outlive the transfer that made them, so closing needs the client's part only.
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &Transfer::on_close_socket);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, &shared_.sockets);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &Transfer::on_before_request);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);

  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
  set_method();
  set_headers();
}

void Transfer::set_method() {
  auto* easy = handle_.get();
  const auto& method = request_.method;
  const bool has_body = !request_.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
  if (method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (has_body) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.data());  // Not copied; lives in request_.
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    if (method != "POST") curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
  } else if (method != "GET") {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
  }
}

void Transfer::set_headers() {
  curl_slist* list = nullptr;
  // Without a value: libcurl sends none of its own. Waiting for "100 Continue" costs a second where nobody says it.
  list = curl_slist_append(list, "Expect:");
  bool has_content_type = false;
  bool has_user_agent = false;
  std::string line;
  for (const auto& [name, value] : request_.headers) {
    has_content_type = has_content_type || strcasecmp(name.c_str(), "content-type") == 0;
    has_user_agent = has_user_agent || strcasecmp(name.c_str(), "user-agent") == 0;
    line = name;
    line += value.empty() ? ";" : ": ";
    line += value;
    list = curl_slist_append(list, line.c_str());
  }
  if (!has_content_type) list = curl_slist_append(list, "Content-Type:");
  if (!has_user_agent) curl_easy_setopt(handle_.get(), CURLOPT_USERAGENT, shared_.settings.user_agent.c_str());
  header_list_.reset(list);
  curl_easy_setopt(handle_.get(), CURLOPT_HTTPHEADER, list);
}

}  // namespace toolrack::services::http
