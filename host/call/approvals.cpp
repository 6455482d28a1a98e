#include "call/approvals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.hpp"
#include "base/shown_text.hpp"

namespace toolrack::call {
namespace {

namespace json = base::json;
using base::ErrorCode;

constexpr std::string_view kApprovals = "approvals";
constexpr std::string_view kApprovalPrefix = "apr_";
constexpr std::size_t kIdDigits = 32;
constexpr std::array<std::string_view, 3> kApprovalStatuses{"pending", "approved", "rejected"};
constexpr std::array<std::pair<std::string_view, std::string Approval::*>, 6> kApprovalTexts{
    {{"asked_by", &Approval::asked_by},
     {"decided_by", &Approval::decided_by},
     {"input", &Approval::input_json},
     {"skill", &Approval::skill},
     {"tool", &Approval::tool},
     {"version", &Approval::version}}};
constexpr std::array<std::pair<std::string_view, std::int64_t Approval::*>, 3> kApprovalTimes{
    {{"asked_ns", &Approval::asked_ns}, {"decided_ns", &Approval::decided_ns}, {"expires_ns", &Approval::expires_ns}}};

std::string key_of(std::string_view account, std::string_view id) { return fmt::format("{}/{}", account, id); }

/// The same call has the same id, so that it is asked about once. Lengths keep the parts apart.
std::string id_of(const Approvals::Wish& wish) {
  const auto& tool = *wish.skill->tool;
  std::string text;
  for (const auto part : {wish.account, std::string_view(tool.owner), std::string_view(tool.slug),
                          std::string_view(tool.version), std::string_view(wish.skill->name), wish.input_json})
    text += fmt::format("{}:{}", part.size(), part);
  return std::string(kApprovalPrefix) + base::to_hex(base::as_bytes(base::sha256(text))).substr(0, kIdDigits);
}

std::string to_document(const Approval& approval) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  for (const auto& [name, member] : kApprovalTexts) {
    json::key(writer, name);
    json::put(writer, approval.*member);
  }
  for (const auto& [name, member] : kApprovalTimes) {
    json::key(writer, name);
    writer.Int64(approval.*member);
  }
  json::key(writer, "price");
  writer.Int64(approval.price.micros());
  json::key(writer, "status");
  json::put(writer, to_string(approval.status));
  writer.EndObject();
  return json::canonical(*json::parse(json::view(buffer)));
}

base::Result<Approval> from_document(std::string_view account, std::string_view id, std::string_view text) {
  const auto document = json::parse(text);
  const auto status = std::ranges::find(
      kApprovalStatuses, document ? json::find_string(*document, "status").value_or("") : std::string_view());
  if (status == kApprovalStatuses.end())
    return base::fail(ErrorCode::kStoreFailed, fmt::format("the record of {} cannot be read", id));
  Approval approval;
  approval.id = id;
  approval.account = account;
  for (const auto& [name, member] : kApprovalTexts) approval.*member = json::find_string(*document, name).value_or("");
  for (const auto& [name, member] : kApprovalTimes) approval.*member = json::find_int(*document, name).value_or(0);
  approval.price = base::Money::from_micros(json::find_int(*document, "price").value_or(0));
  approval.status = static_cast<Approval::Status>(status - kApprovalStatuses.begin());
  return approval;
}

tl::unexpected<base::Error> approval_not_found(std::string_view id) {
  return tl::unexpected(base::Error(ErrorCode::kKeyNotFound, fmt::format("there is no approval {}", base::shown(id)),
                                    "They are forgotten after 15 minutes, and when their call has run. List those "
                                    "that are open with GET /v1/approvals or `toolrack approvals list`.")
                            .with_name("approval_not_found"));
}

}  // namespace

std::string_view to_string(Approval::Status status) noexcept {
  return kApprovalStatuses[static_cast<std::size_t>(status)];
}

bool is_approval_id(std::string_view text) noexcept {
  return text.size() == kApprovalPrefix.size() + kIdDigits && text.starts_with(kApprovalPrefix) &&
         std::ranges::all_of(text.substr(kApprovalPrefix.size()),
                             [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

void write_members(json::Writer& writer, const Approval& approval) {
  const auto put = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    json::key(writer, name);
    json::put(writer, value);
  };
  put("approval_id", approval.id);
  put("status", to_string(approval.status));
  put("tool", approval.tool);
  put("version", approval.version);
  put("skill", approval.skill);
  json::key(writer, "input");
  json::raw(writer, approval.input_json);
  put("price", approval.price.to_string());
  put("asked_by", approval.asked_by);
  put("decided_by", approval.decided_by);
  put("asked_at", base::to_rfc3339(approval.asked_ns).text);
  if (approval.decided_ns != 0) put("decided_at", base::to_rfc3339(approval.decided_ns).text);
  put("expires_at", base::to_rfc3339(approval.expires_ns).text);
}

base::Error Approvals::required(const Approval& approval) const {
  const bool is_rejected = approval.status == Approval::Status::kRejected;
  const auto details = fmt::format(R"({{"approval_id":"{}","expires_at":"{}"}})", approval.id,
                                   base::to_rfc3339(approval.expires_ns).text);
  const auto what = fmt::format("{}.{} with this input", approval.tool, approval.skill);
  if (is_rejected)
    return base::Error(ErrorCode::kApprovalRequired, what + " was rejected",
                       "Do not call it again with this input; ask the person what they want instead.")
        .with_name("approval_rejected")
        .with_details(details);
  return base::Error(ErrorCode::kApprovalRequired, what + " runs when a person has approved it",
                     fmt::format("Somebody of the account approves it with `toolrack approvals approve {0}` or POST "
                                 "/v1/approvals/{0}/approve; then call again with the same input.",
                                 approval.id))
      .with_details(details);
}

base::Result<std::optional<Approvals::Kept>> Approvals::read(std::string_view account, std::string_view id) {
  const auto document = TRY(store_.get(kApprovals, key_of(account, id)));
  if (!document) return std::nullopt;
  Kept kept{.approval = TRY(from_document(account, id, document->json)), .version = document->version};
  if (kept.approval.expires_ns <= clock_.unix_ns()) return std::nullopt;
  return kept;
}

base::Result<void> Approvals::ask(const Wish& wish) {
  if (wish.input_json.size() > kMostInputBytes)
    return base::fail(ErrorCode::kBodyTooLarge,
                      fmt::format("the input has {} bytes, and {} are the most that a person is asked about",
                                  wish.input_json.size(), kMostInputBytes),
                      "Put what is large into assets.");
  const auto id = id_of(wish);
  if (const auto kept = TRY(read(wish.account, id))) {
    if (kept->approval.status == Approval::Status::kApproved) return {};
    return tl::unexpected(required(kept->approval));
  }
  if (TRY(list(wish.account)).size() >= kMostOpen)
    return tl::unexpected(base::Error(ErrorCode::kTooManyConcurrent,
                                      fmt::format("{} calls of the account wait for an approval already", kMostOpen),
                                      "Approve or reject some (GET /v1/approvals), or wait 15 minutes.")
                              .with_name("too_many_approvals"));
  const auto& tool = *wish.skill->tool;
  const auto now = clock_.unix_ns();
  const Approval approval{.id = id,
                          .account = std::string(wish.account),
                          .tool = fmt::format("{}/{}", tool.owner, tool.slug),
                          .version = tool.version,
                          .skill = wish.skill->name,
                          .input_json = std::string(wish.input_json),
                          .price = wish.price,
                          .asked_by = std::string(wish.key_id),
                          .decided_by = {},
                          .asked_ns = now,
                          .decided_ns = 0,
                          .expires_ns = now + std::chrono::nanoseconds(kLifetime).count(),
                          .status = Approval::Status::kPending};
  // Over what has expired, and over the same question of a call beside this one.
  TRY(store_.commit({store::Put{std::string(kApprovals), key_of(wish.account, id), to_document(approval)}}));
  return tl::unexpected(required(approval));
}

base::Result<void> Approvals::use(const Wish& wish) {
  const auto id = id_of(wish);
  const auto kept = TRY(read(wish.account, id));
  if (!kept || kept->approval.status != Approval::Status::kApproved) return ask(wish);
  const auto key = key_of(wish.account, id);
  const auto receipt = TRY(store_.commit({store::ExpectVersion{std::string(kApprovals), key, kept->version},
                                          store::Delete{std::string(kApprovals), key}}));
  if (!receipt.accepted()) return ask(wish);  // The same call beside this one was first.
  return {};
}

base::Result<Approval> Approvals::find(std::string_view account, std::string_view id) {
  if (!is_approval_id(id)) return approval_not_found(id);
  auto kept = TRY(read(account, id));
  if (!kept) return approval_not_found(id);
  return std::move(kept->approval);
}

base::Result<std::vector<Approval>> Approvals::list(std::string_view account) {
  std::vector<Approval> found;
  const auto now = clock_.unix_ns();
  const auto prefix = key_of(account, "");
  const auto snapshot = TRY(store_.snapshot());
  TRY(snapshot->scan(kApprovals, prefix, "", store::Snapshot::Order::kForward,
                     [&](std::string_view key, const store::Document& document) {
                       const auto id = key.substr(prefix.size());
                       // An account whose name continues with a slash shares the prefix.
                       if (!is_approval_id(id)) return true;
                       if (auto one = from_document(account, id, document.json); one && one->expires_ns > now)
                         found.push_back(*std::move(one));
                       return true;
                     }));
  std::ranges::sort(found, {}, &Approval::asked_ns);
  return found;
}

base::Result<Approval> Approvals::decide(std::string_view account, std::string_view id, bool approves,
                                         std::string_view key_id) {
  if (!is_approval_id(id)) return approval_not_found(id);
  auto kept = TRY(read(account, id));
  if (!kept) return approval_not_found(id);
  auto& approval = kept->approval;
  const auto decided = [&] {
    return base::fail(ErrorCode::kConflict, fmt::format("{} was decided already", id), "Look at it with get_approval.");
  };
  if (approval.status != Approval::Status::kPending) return decided();
  approval.status = approves ? Approval::Status::kApproved : Approval::Status::kRejected;
  approval.decided_by = key_id;
  approval.decided_ns = clock_.unix_ns();
  approval.expires_ns = approval.decided_ns + std::chrono::nanoseconds(kLifetime).count();
  const auto key = key_of(account, id);
  const auto receipt = TRY(store_.commit({store::ExpectVersion{std::string(kApprovals), key, kept->version},
                                          store::Put{std::string(kApprovals), key, to_document(approval)}}));
  if (!receipt.accepted()) return decided();
  return approval;
}

base::Result<std::size_t> Approvals::sweep() {
  std::vector<std::pair<std::string, std::uint64_t>> expired;
  {
    const auto now = clock_.unix_ns();
    const auto snapshot = TRY(store_.snapshot());
    TRY(snapshot->scan(kApprovals, "", "", store::Snapshot::Order::kForward,
                       [&](std::string_view key, const store::Document& document) {
                         const auto record = from_document("", key, document.json);
                         if (!record || record->expires_ns <= now) expired.emplace_back(key, document.version);
                         return true;
                       }));
  }
  std::size_t removed = 0;
  for (const auto& [key, version] : expired) {  // Not those that are asked again this moment.
    const auto receipt = TRY(store_.commit(
        {store::ExpectVersion{std::string(kApprovals), key, version}, store::Delete{std::string(kApprovals), key}}));
    if (receipt.accepted()) ++removed;
  }
  return removed;
}

}  // namespace toolrack::call
