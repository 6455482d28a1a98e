#include "search/target.hpp"

#include "analysis/text.hpp"

#include <string>
#include <utility>

namespace toolrack::seo {
namespace {

/// The host itself, or one below it.
bool is_below(std::string_view host, std::string_view site) {
  if (host == site) return true;
  return host.size() > site.size() && host.ends_with(site) && host[host.size() - site.size() - 1] == '.';
}

std::string_view without_slash(std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

}  // namespace

std::optional<Target> Target::of(std::string_view text) {
  text = trim(text);
  const bool has_scheme = text.find("://") != std::string_view::npos;
  auto url = parse_url(has_scheme ? std::string(text) : "https://" + std::string(text));
  // "mailto:a@example.com" would read as a host with a user's name and password.
  if (!url || !url->is_http() || url->has_user_info || url->host.find('.') == std::string::npos) return std::nullopt;
  // A site's own address is its home page when it is written as one.
  const bool is_page = has_scheme || !without_slash(url->path).empty() || url->has_query;
  return Target(std::move(*url), is_page);
}

bool Target::is(std::string_view url) const {
  const auto other = parse_url(url);
  if (!other || !other->is_http()) return false;
  const std::string_view mine = without_www(url_.host), theirs = without_www(other->host);
  if (!is_page_) return is_below(theirs, mine);
  return theirs == mine && other->port == url_.port && without_slash(other->path) == without_slash(url_.path) &&
         other->query == url_.query;
}

}  // namespace toolrack::seo
