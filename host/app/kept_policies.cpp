#include "app/kept_policies.hpp"

#include <fmt/format.h>

#include <utility>

#include "registry/version_policy_json.hpp"

namespace toolrack::app {
namespace {

constexpr std::string_view kCollection = "tool_versions";

}  // namespace

base::Result<KeptPolicies> KeptPolicies::open(store::Store& store) {
  KeptPolicies out(store);
  const auto snapshot = TRY(store.snapshot());
  std::string damaged;
  TRY(snapshot->scan(kCollection, "", "", store::Snapshot::Order::kForward,
                     [&](std::string_view id, const store::Document& document) {
                       const auto parsed = base::json::parse(document.json);
                       if (parsed && parsed->IsObject())
                         out.all_.emplace(id, registry::read_version_policy(*parsed));
                       else
                         damaged = id;
                       return damaged.empty();
                     }));
  if (damaged.empty()) return out;
  return base::fail(base::ErrorCode::kStoreFailed,
                    fmt::format("what was decided about the versions of {} is damaged in the store", damaged),
                    "Restore a backup of the data directory.");
}

registry::VersionPolicy KeptPolicies::of(const std::string& id) const {
  const auto* policy = registry::find_policy(all_, id);
  return policy == nullptr ? registry::VersionPolicy() : *policy;
}

base::Result<void> KeptPolicies::keep(const std::string& id, registry::VersionPolicy policy) {
  store::Operation operation = store::Delete{.collection = std::string(kCollection), .key = id};
  if (!policy.is_empty()) {
    base::json::Buffer buffer;
    base::json::Writer writer(buffer);
    writer.StartObject();
    registry::write_members(writer, policy);
    writer.EndObject();
    operation =
        store::Put{.collection = std::string(kCollection), .key = id, .json = std::string(base::json::view(buffer))};
  }
  TRY(store_->commit({std::move(operation)}));
  if (policy.is_empty())
    all_.erase(id);
  else
    all_.insert_or_assign(id, std::move(policy));
  return {};
}

}  // namespace toolrack::app
