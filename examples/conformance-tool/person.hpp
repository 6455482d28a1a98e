/// What came back from the person, the model or the client behind a call.
#pragma once

#include <toolrack/plugin.hpp>

#include <string>
#include <string_view>

/// The member of a JSON object as text: a string as it is, anything else as JSON; empty when it is not there.
std::string member(std::string_view json_object, std::string_view name);

/// The text that the model wrote: its first content block.
std::string sampled_text(const toolrack::Reply& answer);

/// "action=accept, content={...}"; declining and closing are answers too. False for what is none: `answer` then is the
/// skill's own failure.
bool describe_action(const toolrack::Reply& answer, std::string& out);
