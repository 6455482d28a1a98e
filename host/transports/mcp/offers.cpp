/// resources/*, prompts/* and completion/complete: from a request to a page of a list, or to a call.
#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "base/shown_text.hpp"
#include "transports/mcp/cursors.hpp"
#include "transports/mcp/list_page.hpp"
#include "transports/mcp/mcp_handler.hpp"
#include "transports/mcp/offer_result.hpp"
#include "transports/mcp/refusals.hpp"
#include "transports/mcp/rpc.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;
using registry::Exposure;

/// What sorts a list, and what a cursor remembers.
std::string_view name_of(const registry::Resource& resource) { return resource.uri; }
std::string_view name_of(const registry::Prompt& prompt) { return prompt.flat_name; }

/// What is wrong with what is to be completed, and with what is known already; nothing when all is well.
std::optional<std::string> wrong_completion(const Message& message) {
  const auto* argument = message.param("argument");
  if (argument == nullptr || !argument->IsObject()) return wrong_type("params.argument", argument, "an object");
  for (const auto* name : {"name", "value"})
    if (!json::find_string(*argument, name))
      return wrong_type(fmt::format("params.argument.{}", name), json::find(*argument, name), "a string");
  const auto* context = message.param("context");
  if (context == nullptr) return std::nullopt;
  if (!context->IsObject()) return wrong_type("params.context", context, "an object");
  const auto* known = json::find(*context, "arguments");
  if (known == nullptr) return std::nullopt;
  if (!known->IsObject()) return wrong_type("params.context.arguments", known, "an object of strings");
  for (const auto& [key, value] : known->GetObject())
    if (!value.IsString())
      return wrong_type(fmt::format("params.context.arguments[{}]", base::shown(json::view(key))), &value, "a string");
  return std::nullopt;
}

}  // namespace

template <class T>
void McpHandler::list(Inbound& inbound, const Message& message, Answer&& answer, ListOf<T> of) {
  const auto refuse = [&](std::string text) {
    answer.message(200, error_message(message.id, invalid_params(std::move(text))));
  };
  const auto exposure = Exposure::parse(inbound.request.query);
  if (!exposure) return refuse(with_remedy(exposure.error()));
  const auto& catalogue = *catalogue_of(inbound);
  const auto list =
      fmt::format("{} {} {}", message.method, exposure->cache_key(), base::to_hex(catalogue.set_digest()));
  std::optional<ListPlace> place{{}};
  if (const auto* cursor = message.param("cursor")) {
    place = cursor->IsString() ? read_cursor(deps_.sessions.key(), list, json::view(*cursor)) : std::nullopt;
    if (!place) return refuse(bad_cursor(*cursor));
  }
  const auto listed = ((*exposure).*of.entries)(catalogue);
  if (!listed) return refuse(with_remedy(listed.error()));
  auto listers = inbound.principal->anonymous
                     ? std::vector<const registry::Tool*>()
                     : exposure->listers(catalogue, of.offer).value_or(std::vector<const registry::Tool*>());

  auto page = std::make_unique<ListPage>(ListPage::Setting{.calls = deps_.calls,
                                                           .catalogue = state(inbound.loop).catalogue,
                                                           .loop = inbound.loop,
                                                           .key = deps_.sessions.key(),
                                                           .list = list,
                                                           .member = std::string(of.member),
                                                           .offer = of.offer,
                                                           .revision = inbound.revision},
                                         inbound.principal, message.id, inbound.request, std::move(answer));
  if (place->lister.empty()) {
    auto from = listed->begin();
    if (!place->after.empty())
      from = std::ranges::upper_bound(*listed, std::string_view(place->after), {},
                                      [](const T* one) { return name_of(*one); });
    for (; from != listed->end(); ++from) {
      if (page->is_full()) return page->finish(ListPlace{.after = std::string(name_of(**(from - 1)))});
      page->add(**from);
    }
  }
  ListPage::go_on(std::move(page), listers, *std::move(place));
}

void McpHandler::list_resources(Inbound& inbound, const Message& message, Answer&& answer) {
  list<registry::Resource>(inbound, message, std::move(answer),
                           {"resources", Exposure::Offer::kResource, &Exposure::resources});
}

void McpHandler::list_templates(Inbound& inbound, const Message& message, Answer&& answer) {
  list<registry::Resource>(inbound, message, std::move(answer),
                           {"resourceTemplates", Exposure::Offer::kTemplate, &Exposure::templates});
}

void McpHandler::list_prompts(Inbound& inbound, const Message& message, Answer&& answer) {
  list<registry::Prompt>(inbound, message, std::move(answer),
                         {"prompts", Exposure::Offer::kPrompt, &Exposure::prompts});
}

void McpHandler::read_resource(Inbound& inbound, const Message& message, Answer&& answer) {
  const auto uri = message.params == nullptr ? std::nullopt : json::find_string(*message.params, "uri");
  if (!uri)
    return answer.message(
        200, error_message(message.id, invalid_params(wrong_type("params.uri", message.param("uri"), "a string"))));
  call::CallRequest request;
  request.kind = registry::Kind::kResource;
  answer.observation().note_resource(*uri);
  request.skill = *uri;
  start_offer(inbound, message, request, {Exposure::Offer::kResource, &write_read_result}, std::move(answer));
}

void McpHandler::get_prompt(Inbound& inbound, const Message& message, Answer&& answer) {
  const auto refuse = [&](std::string text) {
    answer.message(200, error_message(message.id, invalid_params(std::move(text))));
  };
  const auto name = message.params == nullptr ? std::nullopt : json::find_string(*message.params, "name");
  if (!name) return refuse(wrong_type("params.name", message.param("name"), "a string"));
  const auto* arguments = json::find(*message.params, "arguments");
  if (arguments != nullptr && !arguments->IsObject())
    return refuse(wrong_type("params.arguments", arguments, "an object"));
  call::CallRequest request;
  request.kind = registry::Kind::kPrompt;
  if (const auto* prompt = state(inbound.loop).catalogue.get()->find_prompt(*name))
    answer.observation().note_target(TargetKind::kPrompt, prompt->flat_name);
  request.skill = *name;
  request.input_json = message.arguments;
  request.input = arguments;
  start_offer(inbound, message, request, {Exposure::Offer::kPrompt, &write_prompt_result}, std::move(answer));
}

void McpHandler::complete(Inbound& inbound, const Message& message, Answer&& answer) {
  const auto refuse = [&](std::string text) {
    answer.message(200, error_message(message.id, invalid_params(std::move(text))));
  };
  const auto* ref = message.param("ref");
  if (ref == nullptr || !ref->IsObject()) return refuse(wrong_type("params.ref", ref, "an object"));
  const auto type = json::find_string(*ref, "type");
  const bool is_prompt = type == "ref/prompt";
  if (!is_prompt && type != "ref/resource")
    return refuse(type ? fmt::format("params.ref.type is {}; it must be ref/prompt or ref/resource", base::shown(*type))
                       : wrong_type("params.ref.type", json::find(*ref, "type"), "ref/prompt or ref/resource"));
  const auto* const member = is_prompt ? "name" : "uri";
  const auto name = json::find_string(*ref, member);
  if (!name) return refuse(wrong_type(fmt::format("params.ref.{}", member), json::find(*ref, member), "a string"));
  if (is_prompt == (name->find(':') != std::string_view::npos))
    return refuse(fmt::format("params.ref.{} {} is no {}", member, base::shown(*name),
                              is_prompt ? "prompt's name" : "URI template"));
  if (const auto wrong = wrong_completion(message)) return refuse(*wrong);
  call::CallRequest request;
  request.kind = registry::Kind::kCompletion;
  request.skill = *name;
  request.input = message.params;
  start_offer(inbound, message, request,
              {is_prompt ? Exposure::Offer::kPrompt : Exposure::Offer::kTemplate, &write_completion_result},
              std::move(answer));
}

void McpHandler::start_offer(Inbound& inbound, const Message& message, call::CallRequest& request, OfferCall offer,
                             Answer&& answer) {
  const auto exposure = Exposure::parse(inbound.request.query);
  const auto pinned = exposure ? exposure->find_pinned(*catalogue_of(inbound), offer.kind, request.skill)
                               : tl::unexpected(exposure.error());
  if (!pinned)
    return answer.message(200, error_message(message.id, offer_error(pinned.error(), request.skill, inbound.revision)));
  std::string tool;
  if (*pinned != nullptr) tool = fmt::format("{}@{}", (*pinned)->id(), (*pinned)->version);
  request.tool = tool;
  start_call(inbound, message, request, std::move(answer), {offer.write, request.skill});
}

}  // namespace toolrack::mcp
