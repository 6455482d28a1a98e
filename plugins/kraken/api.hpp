/// How Kraken's REST API is spoken to: requests, and what its envelope {"error": [...], "result": ...} says.
#pragma once

#include <rapidjson/document.h>
#include <toolrack/plugin.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "rows.hpp"

namespace toolrack::kraken {

/// The body of a private request. The host puts the nonce before it and signs both.
class Form {
 public:
  Form& add(std::string_view name, std::string_view value);
  /// Nothing for an empty value.
  Form& add_if(std::string_view name, std::string_view value) { return value.empty() ? *this : add(name, value); }
  const std::string& body() const noexcept { return body_; }

 private:
  std::string body_;
};

/// "/0/public/<name>", without a credential.
HttpRequest public_request(std::string_view name);
/// "/0/private/<name>", signed by the host; reading, so the host may send it again, with another nonce.
HttpRequest private_request(std::string_view name, const Form& form);

/// A request that changes something at Kraken.
struct Action {
  // User-declared constructors, for g++-12's sake.
  Action(std::string what_, std::string how_to_check_)
      : what(std::move(what_)), how_to_check(std::move(how_to_check_)) {}
  std::string what;          ///< "the order may have been placed".
  std::string how_to_check;  ///< How a caller learns what became of it.
};
/// As private_request, sent once whatever happens, and given up while there is time left to tell the caller how to look
/// what became of it: at the call's deadline the host would only say that time is over.
HttpRequest action_request(const Call& call, std::string_view name, const Form& form);

/// A good answer. Its numbers are texts, digit by digit as Kraken wrote them.
class Said {
 public:
  explicit Said(rapidjson::Document document) : document_(std::move(document)) {}
  const rapidjson::Value& result() const { return *at(document_, "/result"); }
  /// Adds "warnings" to the object that is open, where Kraken sent some beside the result.
  void put_warnings(Writer& writer) const;

 private:
  rapidjson::Document document_;
};

/// The good answer, or nothing: `why` is then the skill's answer. `action`: null for what only reads. `now` is
/// Call::unix_time.
std::optional<Said> read_said(const Reply& answer, const Action* action, std::chrono::nanoseconds now, Reply& why);
/// The skill's answer to Kraken's words.
Reply refusal(std::string_view words, const rapidjson::Value* all_words, const Action* action,
              std::chrono::nanoseconds now);
/// Nobody knows whether Kraken acted.
Reply may_have_acted(tr_status status, const std::string& reason, const Action& action);

/// An object that is closed and handed on by `reply()`.
class Output {
 public:
  Output() : writer_(buffer_) { writer_.StartObject(); }
  operator Writer&() { return writer_; }  // NOLINT(google-explicit-constructor): it stands where a writer is wanted.
  Writer* operator->() { return &writer_; }
  /// Adds the answer's warnings and ends the object.
  Reply reply(const Said& said);

 private:
  rapidjson::StringBuffer buffer_;
  Writer writer_;
};

}  // namespace toolrack::kraken
