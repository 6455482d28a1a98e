#include "registry/uri_template.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/utf8.hpp"

namespace toolrack::registry {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

bool is_variable_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
  });
}

/// What one variable may be, and what stands for all of that in a sample: U+0001 for characters of one segment, U+0002
/// for any. No text of a manifest holds either, so only a variable matches them, and only one that may be anything the
/// second.
struct Group {
  std::string_view pattern, sample;
};

/// Of one expression without its braces; `name` loses the operator.
Group group_of(std::string_view& name) {
  if (name.starts_with('+') || name.starts_with('#')) {
    const bool is_fragment = name.front() == '#';
    name.remove_prefix(1);
    return is_fragment ? Group{"#(.+)", "#\x02"} : Group{"(.+)", "\x02"};
  }
  return {"([^/?#\\x{2}]+)", "\x01"};
}

}  // namespace

UriTemplate::~UriTemplate() = default;

Result<std::shared_ptr<const UriTemplate>> UriTemplate::compile(std::string_view text) {
  const auto refuse = [&](std::string what) {
    return fail(ErrorCode::kInvalidRequest, fmt::format("the URI template {} {}", base::json::quote(text), what),
                "Use {name}, {+name} and {#name} (RFC 6570, levels 1 and 2), each name once.");
  };
  std::shared_ptr<UriTemplate> made(new UriTemplate);
  std::string pattern = "(?s)";
  for (auto rest = text; !rest.empty();) {
    const auto brace = std::min(rest.find_first_of("{}"), rest.size());
    const auto literal = rest.substr(0, brace);
    pattern += re2::RE2::QuoteMeta(re2::StringPiece(literal.data(), literal.size()));
    made->literal_size_ += literal.size();
    made->sample_ += literal;
    if (made->variables_.empty()) made->prefix_ += literal;
    rest.remove_prefix(brace);
    if (rest.empty()) break;
    const auto end = rest.find('}');
    if (rest.front() == '}' || end == std::string_view::npos) return refuse("has a brace alone");
    auto name = rest.substr(1, end - 1);
    const auto expression = name;
    rest.remove_prefix(end + 1);
    const auto group = group_of(name);
    pattern += group.pattern;
    made->sample_ += group.sample;
    if (!is_variable_name(name)) return refuse(fmt::format("has {{{}}}, which is beyond level 2", expression));
    if (std::ranges::count(made->variables_, name) != 0) return refuse(fmt::format("names \"{}\" twice", name));
    made->variables_.emplace_back(name);
  }
  if (made->variables_.empty()) return refuse("has no variable: it is a URI");
  if (made->variables_.size() > kMaxVariables) return refuse(fmt::format("has more than {} variables", kMaxVariables));
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  made->pattern_ = std::make_unique<const re2::RE2>(pattern, options);
  if (!made->pattern_->ok()) return refuse("is too large");
  return std::shared_ptr<const UriTemplate>(std::move(made));
}

std::optional<UriTemplate::Values> UriTemplate::match(std::string_view uri) const {
  if (!uri.starts_with(prefix_)) return std::nullopt;
  const auto count = variables_.size();
  std::vector<re2::StringPiece> found(count);
  std::vector<re2::RE2::Arg> arguments;
  for (auto& piece : found) arguments.emplace_back(&piece);
  std::vector<const re2::RE2::Arg*> pointers;
  for (const auto& argument : arguments) pointers.push_back(&argument);
  if (!re2::RE2::FullMatchN(re2::StringPiece(uri.data(), uri.size()), *pattern_, pointers.data(),
                            static_cast<int>(count)))
    return std::nullopt;
  Values values;
  for (std::size_t i = 0; i < count; ++i) {
    auto value = base::percent_decode(std::string_view(found[i].data(), found[i].size()), false);
    if (!value || !base::is_utf8(*value) || value->find('\0') != std::string::npos) return std::nullopt;
    values.emplace_back(variables_[i], *std::move(value));
  }
  return values;
}

}  // namespace toolrack::registry
