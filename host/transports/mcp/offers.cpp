/// resources/*, prompts/* and completion/complete: from a request to a page of a list, or to a call.
#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "transports/mcp/cursors.hpp"
#include "transports/mcp/list_page.hpp"
#include "transports/mcp/mcp_handler.hpp"
#include "transports/mcp/offer_result.hpp"
#include "transports/mcp/rpc.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;
using registry::Exposure;

/// What sorts a list, and what a cursor remembers.
std::string_view name_of(const registry::Resource& resource) { return resource.uri; }
std::string_view name_of(const registry::Prompt& prompt) { return prompt.flat_name; }

}  // namespace

template <class T>
void McpHandler::list(Inbound& inbound, const Message& message, Answer&& answer, ListOf<T> of) {
  const auto refuse = [&](std::string text) {
    answer.message(200, error_message(message.id, invalid_params(std::move(text))));
  };
  const auto exposure = Exposure::parse(inbound.request.query);
  if (!exposure) return refuse(exposure.error().message());
  const auto& catalogue = *catalogue_of(inbound);
  const auto list =
      fmt::format("{} {} {}", message.method, exposure->cache_key(), base::to_hex(catalogue.set_digest()));
  std::optional<ListPlace> place{{}};
  if (const auto* cursor = message.params == nullptr ? nullptr : json::find(*message.params, "cursor")) {
    place = cursor->IsString() ? read_cursor(deps_.sessions.key(), list, json::view(*cursor)) : std::nullopt;
    if (!place) return refuse("the cursor is not one that this list has given; begin without one");
  }
  const auto listed = ((*exposure).*of.entries)(catalogue);
  if (!listed) return refuse(listed.error().message());
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
  if (!uri) return answer.message(200, error_message(message.id, invalid_params("params.uri is missing or no string")));
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
  if (!name) return refuse("params.name is missing or no string");
  const auto* arguments = json::find(*message.params, "arguments");
  if (arguments != nullptr && !arguments->IsObject()) return refuse("params.arguments is not an object");
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
  if (message.params == nullptr) return refuse("params.ref and params.argument are missing");
  const auto& params = *message.params;
  const auto* ref = json::find(params, "ref");
  const auto* argument = json::find(params, "argument");
  const auto type = ref == nullptr ? std::nullopt : json::find_string(*ref, "type");
  const bool is_prompt = type == "ref/prompt";
  if (!is_prompt && type != "ref/resource") return refuse("params.ref.type is neither ref/prompt nor ref/resource");
  const auto name = json::find_string(*ref, is_prompt ? "name" : "uri");
  if (!name) return refuse(fmt::format("params.ref.{} is missing or no string", is_prompt ? "name" : "uri"));
  if (is_prompt == (name->find(':') != std::string_view::npos))
    return refuse(fmt::format("params.ref.{} {} is no {}", is_prompt ? "name" : "uri", json::quote(*name),
                              is_prompt ? "prompt's name" : "URI template"));
  if (argument == nullptr || !json::find_string(*argument, "name") || !json::find_string(*argument, "value"))
    return refuse("params.argument is not an object with the strings name and value");
  if (const auto* context = json::find(params, "context")) {
    const auto* known = json::find(*context, "arguments");
    const bool are_texts =
        known == nullptr || (known->IsObject() && std::ranges::all_of(known->GetObject(), [](const auto& one) {
                               return one.value.IsString();
                             }));
    if (!context->IsObject() || !are_texts) return refuse("params.context.arguments is not an object of strings");
  }
  call::CallRequest request;
  request.kind = registry::Kind::kCompletion;
  request.skill = *name;
  request.input = &params;
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
