/// What a caller can be asked, and what it answers, as transports hand it over.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "registry/questions.hpp"

namespace toolrack::call {

/// A question and what was said to it, as they stand in a record (question_check.hpp).
struct KeptAnswer {
  std::string question, answer;
};

/// Borrowed like the rest of the request.
struct Asking {
  std::uint32_t kinds = 0;           ///< What this caller can be asked (registry/questions.hpp).
  std::uint32_t told_kinds = 0;      ///< Of a job: what earlier runs were told that they can ask, too; it is not asked.
  std::vector<KeptAnswer> answered;  ///< Of a call that becomes a job: what its caller has answered already.
  /// The sink takes questions and answers them (CallSink::ask), and the skill's frame waits. False: the call is
  /// suspended, and comes again with `state` and `answers`.
  bool waits = false;
  std::string_view method;                     ///< Which request of the transport it is: "tools/call".
  std::string_view state;                      ///< What the suspended call was answered with; empty: it is a new call.
  const base::json::Value* answers = nullptr;  ///< An object, key to answer in MCP's words; null: none.
};

/// What a suspended call is answered with.
struct Suspension {
  std::vector<registry::Question> questions;  ///< In the order in which they were asked; at least one.
  std::string state;                          ///< Sealed; to be given back with the answers.
};

}  // namespace toolrack::call
