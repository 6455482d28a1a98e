/// Questions in MCP's words, which every transport uses.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "registry/questions.hpp"

namespace toolrack::call {

/// "elicitation/create", "sampling/createMessage" or "roots/list".
std::string_view method_of(const registry::Question& question) noexcept;
/// Its params, an object. A form has a `mode` unless `has_modes` is false; a URL an `elicitationId` unless that is
/// empty.
std::string params_of(const registry::Question& question, bool has_modes = true, std::string_view elicitation_id = {});
/// {key: {method, params}} of all of them.
void write_questions(base::json::Writer& writer, std::span<const registry::Question> questions);

/// "form", "url", "sampling", "roots" as a bit of registry/questions.hpp; 0: no such kind.
std::uint32_t kind_of(std::string_view name) noexcept;

}  // namespace toolrack::call
