/// From a provider's answer to a skill's: which failure it is, or the output that the program's mapping makes of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "services/http/client.hpp"
#include "sources/declarative/program.hpp"

namespace toolrack::sources::declarative {

/// An answer, read once. Movable value; borrows nothing.
class Reply {
 public:
  /// A body that is no JSON is one only when `is_text`; an empty one is the empty object.
  static Reply read(services::http::Response response, bool is_text);

  const services::http::Response& response() const noexcept { return response_; }
  /// Null when there is nothing, or the body is no JSON.
  const base::json::Value* at(std::string_view pointer) const;
  /// The same as it was written, without white space, so that numbers keep their digits; empty: not there.
  std::string_view text_at(std::string_view pointer) const;
  bool is_json() const noexcept { return document_ != nullptr; }
  const std::string& fault() const noexcept { return fault_; }  ///< Why it is no JSON.
  std::string_view header(std::string_view lower_case_name) const noexcept;

 private:
  services::http::Response response_;
  std::unique_ptr<base::json::Document> document_;
  std::string text_;  // Compact.
  std::string fault_;
};

/// What the answer means when it means failure: the first rule that matches, else what its status says, else that it
/// cannot be read. `now_unix_ns` is for hints that name a moment.
std::optional<base::Error> find_failure(const Program& program, const Reply& reply, std::string_view provider,
                                        std::int64_t now_unix_ns);

/// How long the answer asks to be left alone, wherever the program says that it tells: nothing beyond a day.
std::optional<std::chrono::milliseconds> find_wait(const Program& program, const Reply& reply,
                                                   std::int64_t now_unix_ns);

/// The output as JSON. kProviderError names the pointer that leads to nothing.
base::Result<std::string> make_output(const Program& program, const Reply& reply);

/// What the call cost by the program's rule, which must be there. `find` knows the input.
base::Money find_cost(const CostRule& rule, const Reply& reply, const Template::Find& find);

/// The page's items, mapped one by one. kProviderError when there is no array.
base::Result<std::vector<std::string>> list_items(const Program& program, const Reply& reply);

/// The URL of the next page by its Link header (RFC 8288), or empty when there is none. kProviderError ("link_refused")
/// when it leads to another origin than the answer's: the request's grants and credential are not for strangers.
base::Result<std::string> next_link(const Reply& reply);

}  // namespace toolrack::sources::declarative
