/// Resources, prompts and completions on the call path: which tool serves one, what its plugin hears, and what may come
/// back. The other stages treat them as calls of a skill that costs nothing.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/shown_text.hpp"
#include "call/execution.hpp"
#include "registry/near_names.hpp"
#include "registry/uri_template.hpp"

namespace toolrack::call {
namespace {

namespace json = base::json;
using base::ErrorCode;
using base::fail;
using base::Result;
using registry::Kind;

/// URIs are longer than names.
constexpr std::size_t kShownUri = 200;

base::Error resource_not_found(std::string_view uri) {
  return {ErrorCode::kResourceNotFound, fmt::format("there is no resource {}", base::shown(uri, kShownUri))};
}

/// What a plugin has not found: with its own hint, or, where it has none, with that of the code.
base::Error not_found(ErrorCode code, const base::Error& error) {
  const auto hint = error.hint();
  return {code, error.message(), hint == info(error.code()).hint ? std::string() : std::string(hint)};
}

/// Skills are listed for the catalogue, not for a caller.
bool is_list(Kind kind) {
  return kind == Kind::kListResources || kind == Kind::kListTemplates || kind == Kind::kListPrompts;
}

/// A URI is told from a prompt's name by its colon, which a name cannot have.
bool is_uri(std::string_view name) { return name.find(':') != std::string_view::npos; }

/// What prompts of manifests are called.
bool is_name(std::string_view text) {
  return text.size() <= 64 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
         });
}

std::string to_json(const registry::UriTemplate::Values& values) {
  std::string out = "{";
  for (const auto& [name, value] : values)
    out += fmt::format("{}{}:{}", out.size() == 1 ? "" : ",", json::quote(name), json::quote(value));
  return out += "}";
}

/// MCP's params of a completion, with the name that the plugin gave its prompt or template.
std::string completion_params(const json::Value& input, const Offer& offer) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::key(writer, "ref");
  writer.StartObject();
  json::key(writer, "type");
  json::put(writer, offer.prompt != nullptr ? "ref/prompt" : "ref/resource");
  json::key(writer, offer.prompt != nullptr ? "name" : "uri");
  json::put(writer, offer.name);
  writer.EndObject();
  for (const auto* member : {"argument", "context"}) {
    const auto* value = json::find(input, member);
    if (value == nullptr) continue;
    json::key(writer, member);
    value->Accept(writer);
  }
  writer.EndObject();
  return std::string(json::view(buffer));
}

/// Where arguments are named: people's and programs' spelling may differ by a letter.
std::string list_of(const registry::Prompt& prompt, std::string_view typed) {
  std::vector<std::string_view> names;
  for (const auto& argument : prompt.arguments) names.push_back(argument.name);
  return fmt::format("{} It takes: {}.", registry::did_you_mean(typed, names),
                     names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")));
}

}  // namespace

Result<void> Execution::resolve_offer(const registry::Catalogue& catalogue) {
  offer_ = std::make_unique<Offer>();
  if (request_.skill.find('\0') != std::string_view::npos)
    return fail(ErrorCode::kInvalidRequest, fmt::format("{} holds a zero byte", json::quote(request_.skill)));
  const auto* tool = request_.kind == Kind::kPrompt       ? TRY(find_prompt(catalogue))
                     : request_.kind == Kind::kCompletion ? TRY(find_completed(catalogue))
                     : is_list(request_.kind)             ? TRY(find_lister(catalogue))
                                                          : TRY(find_resource(catalogue));
  skill_ = tool->find_service(request_.kind);
  if (skill_ == nullptr || skill_->handler == nullptr)
    return fail(ErrorCode::kUnimplemented, fmt::format("{} has no code for that", tool->id()));
  outcome_.skill = skill_;
  return {};
}

Result<const registry::Tool*> Execution::find_resource(const registry::Catalogue& catalogue) {
  const auto uri = request_.skill;
  offer_->resource = request_.tool.empty() ? catalogue.find_resource(uri)
                                           : registry::find_resource(*TRY(catalogue.find_tool(request_.tool)), uri);
  if (offer_->resource == nullptr) return tl::unexpected(resource_not_found(uri));
  offer_->name = uri;
  const auto* family = offer_->resource->uri_template.get();
  offer_->input_json = family == nullptr ? "{}" : to_json(family->match(uri).value_or(registry::UriTemplate::Values()));
  return offer_->resource->tool;
}

Result<const registry::Tool*> Execution::find_prompt(const registry::Catalogue& catalogue) {
  const registry::Tool* tool = nullptr;
  if (request_.tool.empty()) {
    offer_->prompt = catalogue.find_prompt(request_.skill);
    if (offer_->prompt == nullptr) tool = catalogue.find_prompt_lister(request_.skill);
  } else {
    tool = TRY(catalogue.find_tool(request_.tool));
    const auto found = std::ranges::find_if(tool->prompts, [&](const registry::Prompt& prompt) {
      return prompt.name == request_.skill || prompt.flat_name == request_.skill;
    });
    if (found != tool->prompts.end()) offer_->prompt = &*found;
  }
  offer_->input_json = request_.input_json.empty() ? std::string_view("{}") : request_.input_json;
  if (offer_->prompt != nullptr) {
    offer_->name = offer_->prompt->name;
    return offer_->prompt->tool;
  }
  // One that the plugin lists itself, or says that it has not.
  if (tool != nullptr && tool->lists_prompts && is_name(request_.skill))
    offer_->name = registry::own_name(*tool, request_.skill);
  if (!offer_->name.empty()) return tool;
  return fail(ErrorCode::kPromptNotFound, fmt::format("there is no prompt {}", base::shown(request_.skill)));
}

Result<const registry::Tool*> Execution::find_lister(const registry::Catalogue& catalogue) {
  offer_->name = request_.skill;
  offer_->input_json = "{}";
  return catalogue.find_tool(request_.tool);
}

Result<const registry::Tool*> Execution::find_completed(const registry::Catalogue& catalogue) {
  const auto* owner = is_uri(request_.skill) ? TRY(find_template(catalogue)) : TRY(find_prompt(catalogue));
  offer_->input_json = completion_params(*request_.input, *offer_);
  return owner;
}

/// Of a manifest, or one that its plugin lists itself, or says that it has not.
Result<const registry::Tool*> Execution::find_template(const registry::Catalogue& catalogue) {
  const auto text = request_.skill;
  offer_->name = text;
  const registry::Resource* found = nullptr;
  if (request_.tool.empty()) {
    found = catalogue.find_template(text);
    if (found == nullptr) found = catalogue.find_family(text);
  } else {
    const auto* tool = TRY(catalogue.find_tool(request_.tool));
    const auto known = std::ranges::find(tool->resources, text, &registry::Resource::uri);
    found = known == tool->resources.end() ? registry::find_family(*tool, text) : &*known;
  }
  if (found == nullptr || found->uri_template == nullptr) return tl::unexpected(resource_not_found(text));
  offer_->uri_template = found->uri == text ? found->uri_template : TRY(registry::UriTemplate::compile(text));
  return found->tool;
}

/// Against what the manifest says; the plugin hears nothing else.
Result<void> Execution::validate_offer() {
  const auto refuse = [](std::string message) { return fail(ErrorCode::kInvalidInput, std::move(message)); };
  if (request_.kind == Kind::kPrompt) {
    const auto* prompt = offer_->prompt;
    if (request_.input != nullptr) {
      for (const auto& [name, value] : request_.input->GetObject()) {
        const auto key = json::view(name);
        if (prompt != nullptr && prompt->find_argument(key) == nullptr)
          return refuse(fmt::format("the prompt \"{}\" has no argument {}.{}", request_.skill, json::quote(key),
                                    list_of(*prompt, key)));
        if (!value.IsString())
          return refuse(fmt::format("the argument \"{}\" of the prompt \"{}\" must be a string", key, request_.skill));
      }
    }
    for (const auto& argument : prompt == nullptr ? std::vector<registry::PromptArgument>() : prompt->arguments)
      if (argument.required && (request_.input == nullptr || json::find(*request_.input, argument.name) == nullptr))
        return refuse(fmt::format("the prompt \"{}\" needs the argument \"{}\"", request_.skill, argument.name));
  } else if (request_.kind == Kind::kCompletion) {
    const auto name = json::find_string(*json::find(*request_.input, "argument"), "name").value_or("");
    if (offer_->prompt != nullptr && offer_->prompt->find_argument(name) == nullptr)
      return refuse(fmt::format("the prompt \"{}\" has no argument {}.{}", request_.skill, json::quote(name),
                                list_of(*offer_->prompt, name)));
    if (offer_->uri_template != nullptr && std::ranges::count(offer_->uri_template->variables(), name) == 0)
      return refuse(
          fmt::format("the URI template {} has no variable {}", json::quote(request_.skill), json::quote(name)));
  }
  request_.input_json = offer_->input_json;
  return {};
}

void Execution::deliver_offer() {
  auto& result = outcome_.result;
  const auto refuse = [&](std::string_view what) {
    result.error = base::Error(ErrorCode::kInvalidOutput,
                               fmt::format("{} {} {}", skill_->tool->id(), what, json::quote(offer_->name)));
    result.parts.clear();
  };
  if (request_.kind != Kind::kResource) {
    if (request_.kind == Kind::kPrompt && result.error && result.error->type() == base::ErrorType::kNotFound)
      result.error = not_found(ErrorCode::kPromptNotFound, *result.error);
    const bool is_needed = request_.kind == Kind::kPrompt || is_list(request_.kind);
    if (is_needed || !result.error || result.error->code() != ErrorCode::kUnimplemented) return;
    // Whoever completes nothing has nothing to suggest, and not every plugin wants to know who watches.
    result.error.reset();
    if (request_.kind == Kind::kCompletion) result.output_json = base::LentBytes::own(R"({"values":[]})");
  } else {
    if (result.error) {
      if (result.error->type() == base::ErrorType::kNotFound)
        result.error = not_found(ErrorCode::kResourceNotFound, *result.error);
      return;
    }
    if (result.parts.empty()) return refuse("gave no contents for");
    for (auto& part : result.parts) {
      if (part.type != registry::Part::Type::kResource) return refuse("gave something else than resources for");
      if (part.uri.empty()) part.uri = offer_->name;
      if (part.media_type.empty() && part.uri == offer_->name) part.media_type = offer_->resource->media_type;
    }
  }
}

}  // namespace toolrack::call
