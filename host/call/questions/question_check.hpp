/// What a skill may ask, and what an answer must be like.
#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "registry/questions.hpp"

namespace toolrack::call {

/// Of a skill's question, for a caller who can be asked `kinds`. kInvalidRequest ("invalid_question") says what is
/// wrong with it; kUnimplemented ("cannot_ask"): the caller's model cannot be offered tools.
base::Result<void> check_question(const registry::Question& question, std::uint32_t kinds);

/// `answer` is the result of elicitation/create, sampling/createMessage or roots/list. kInvalidRequest
/// ("invalid_answer") says what is wrong with it.
base::Result<registry::Asked> read_answer(const registry::Question& question, const base::json::Value& answer);

/// {key, type, message?, params?, url?}, canonical: what the question is, in a record.
std::string to_json(const registry::Question& question);

/// As it stands in a record, and back.
std::string to_json(const registry::Asked& asked);
registry::Asked asked_from(std::string_view json);

}  // namespace toolrack::call
