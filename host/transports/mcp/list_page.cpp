#include "transports/mcp/list_page.hpp"

#include <algorithm>
#include <utility>

#include "registry/hidden_text.hpp"
#include "registry/manifest.hpp"
#include "registry/uri_template.hpp"
#include "transports/mcp/offer_entries.hpp"
#include "transports/mcp/server_info.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;
using registry::Exposure;

constexpr int kManifestTtlMs = 30'000;
/// A list waits for no plugin longer.
constexpr std::int64_t kListerTimeoutMs = 10'000;
constexpr std::size_t kMaxNameBytes = 64;

registry::Kind kind_of(Exposure::Offer offer) noexcept {
  switch (offer) {
    case Exposure::Offer::kTemplate:
      return registry::Kind::kListTemplates;
    case Exposure::Offer::kPrompt:
      return registry::Kind::kListPrompts;
    case Exposure::Offer::kResource:
      break;
  }
  return registry::Kind::kListResources;
}

template <class T>
bool is_plain(const T& entry) {
  return !registry::find_hidden(entry.name) && !registry::find_hidden(entry.title) &&
         !registry::find_hidden(entry.description);
}

}  // namespace

ListPage::ListPage(Setting setting, accounts::PrincipalRef principal, std::string_view id, const net::Request& request,
                   Answer&& answer)
    : setting_(std::move(setting)),
      principal_(std::move(principal)),
      id_(id),
      request_id_(request.request_id),
      transport_(request.is_local_socket ? "stdio" : "mcp"),
      client_(request.headers.get(net::HeaderName::kUserAgent)),
      answer_(std::move(answer)),
      writer_(response_.begin(id_)) {
  writer_.StartObject();
  json::key(writer_, setting_.member);
  writer_.StartArray();
}

void ListPage::add(const registry::Resource& resource) {
  write_entry(writer_, resource);
  ++count_;
}

void ListPage::add(const registry::Prompt& prompt) {
  write_entry(writer_, prompt);
  ++count_;
}

void ListPage::finish(const std::optional<ListPlace>& next) {
  writer_.EndArray();
  if (next) {
    json::key(writer_, "nextCursor");
    json::put(writer_, make_cursor(setting_.key, setting_.list, *next));
  }
  if (setting_.revision >= Revision::k20260728)
    write_modern_members(writer_, was_plugin_asked_ ? 0 : kManifestTtlMs,
                         !was_plugin_asked_ && principal_->tools == nullptr);
  writer_.EndObject();
  answer_.message(200, response_.end());
}

void ListPage::go_on(std::unique_ptr<ListPage> page, const std::vector<const registry::Tool*>& listers,
                     ListPlace place) {
  for (const auto* tool : listers) page->listers_.push_back(tool->id() + "@" + tool->version);
  if (!place.lister.empty()) {
    // One that has gone has no more entries.
    page->next_ =
        static_cast<std::size_t>(std::ranges::lower_bound(page->listers_, place.lister) - page->listers_.begin());
    if (page->has_next() && page->listers_[page->next_] == place.lister) page->cursor_ = std::move(place.after);
  }
  if (!page->has_next()) return page->finish(std::nullopt);
  page.release()->ask_lister();
}

void ListPage::ask_lister() {
  std::unique_ptr<ListPage> self(this);
  while (has_next() && !is_full() && calls_left_-- > 0) {
    was_plugin_asked_ = true;
    call::CallRequest request;
    request.kind = kind_of(setting_.offer);
    request.principal = &principal_;
    request.tool = listers_[next_];
    request.skill = cursor_;
    request.request_id = request_id_;
    request.transport = transport_ == "stdio" ? "stdio" : "mcp";
    request.client = client_;
    request.timeout_ms = kListerTimeoutMs;
    in_start_ = true;
    is_done_ = false;
    ticket_ = setting_.calls.start(setting_.loop, request, *this);
    in_start_ = false;
    if (is_done_) continue;
    if (setting_.revision >= Revision::k20260728)
      answer_.on_disconnect(
          [&calls = setting_.calls, &loop = setting_.loop, ticket = ticket_] { calls.cancel(loop, ticket); });
    self.release();  // Until `done`.
    return;
  }
  finish(has_next() ? std::optional(ListPlace{.after = cursor_, .lister = listers_[next_]}) : std::nullopt);
}

void ListPage::done(call::CallOutcome& outcome) noexcept {
  take(outcome);
  is_done_ = true;
  if (!in_start_) ask_lister();
}

void ListPage::take(const call::CallOutcome& outcome) {
  cursor_.clear();
  if (outcome.ok()) {
    const auto output = json::parse(outcome.result.output_json.view());
    const auto* items = output ? json::find(*output, "items") : nullptr;
    if (items != nullptr && items->IsArray())
      for (const auto& item : items->GetArray()) add_listed(*outcome.skill->tool, item);
    if (output) cursor_ = json::find_string(*output, "next").value_or("");
  }
  if (cursor_.empty()) ++next_;
}

/// Only what leads to this tool, does not stand in a manifest already, and shows people what models read.
void ListPage::add_listed(const registry::Tool& tool, const json::Value& entry) {
  const auto& catalogue = *setting_.catalogue.get(principal_->tools.get());
  const auto is_own = [&](const registry::Tool* other) { return other != nullptr && other->id() == tool.id(); };
  if (setting_.offer == Exposure::Offer::kPrompt) {
    const auto prompt = registry::prompt_of(tool, entry);
    if (is_plain(prompt) && prompt.flat_name.size() <= kMaxNameBytes &&
        catalogue.find_prompt(prompt.flat_name) == nullptr && is_own(catalogue.find_prompt_lister(prompt.flat_name)))
      add(prompt);
    return;
  }
  auto resource = registry::resource_of(tool, entry);
  if (setting_.offer == Exposure::Offer::kTemplate) {
    resource.uri = json::find_string(entry, "uri_template").value_or("");
    const auto* family = catalogue.find_family(resource.uri);
    if (family == nullptr || !is_own(family->tool) || catalogue.find_template(resource.uri) != nullptr ||
        !is_plain(resource))
      return;
    resource.uri_template = family->uri_template;  // Its being one is what is written, not which one.
    return add(resource);
  }
  const auto* known = catalogue.find_resource(resource.uri);
  if (known != nullptr && known->uri_template != nullptr && is_own(known->tool) && is_plain(resource)) add(resource);
}

}  // namespace toolrack::mcp
