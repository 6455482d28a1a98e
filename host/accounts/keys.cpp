#include "accounts/keys.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "accounts/key_document.hpp"
#include "base/ids.hpp"
#include "base/utf8.hpp"

namespace toolrack::accounts {
namespace {

using base::ErrorCode;

constexpr std::string_view kKeyCollection = "keys";
constexpr std::size_t kMaxName = 100;

base::Error not_found(std::string_view id) {
  return base::Error(ErrorCode::kKeyNotFound, fmt::format("There is no key \"{}\" in this account.", id.substr(0, 64)));
}

base::Result<void> check_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxName || !base::is_utf8(name))
    return base::fail(ErrorCode::kInvalidRequest, fmt::format("A key's name has 1 to {} bytes of UTF-8.", kMaxName));
  return {};
}

bool is_same(const registry::ToolSetRef& a, const registry::ToolSetRef& b) {
  return a == b || (a != nullptr && b != nullptr && a->digest() == b->digest());
}

}  // namespace

struct Keys::Row {
  StoredKey key;
  std::uint64_t number = 0;                    ///< The id.
  PrincipalRef principal;                      ///< The same one for the row's life, so that its limits go on counting.
  std::shared_ptr<std::atomic<bool>> revoked;  ///< The principal's.
};

class KeyTable {
 public:
  struct Entry {
    base::Sha256 digest{};
    std::int64_t expires_ns = 0;
    PrincipalRef principal;
  };
  void add(std::uint64_t id, Entry entry) { entries_.insert_or_assign(id, std::move(entry)); }
  const Entry* find(std::uint64_t id) const noexcept {
    const auto found = entries_.find(id);
    return found == entries_.end() ? nullptr : &found->second;
  }

 private:
  std::unordered_map<std::uint64_t, Entry> entries_;
};

Keys::Keys(store::Store& store, const base::Clock& clock, std::optional<LimitSettings> limits)
    : store_(store), clock_(clock), limit_settings_(limits), table_(std::make_shared<const KeyTable>()) {}

Keys::~Keys() = default;

base::Result<std::unique_ptr<Keys>> Keys::open(store::Store& store, const base::Clock& clock,
                                               std::optional<LimitSettings> limits) {
  std::unique_ptr<Keys> keys(new Keys(store, clock, limits));
  std::vector<StoredKey> stored;
  std::optional<base::Error> broken;
  const auto view = TRY(store.snapshot());
  TRY(view->scan(kKeyCollection, "", "", store::Snapshot::Order::kForward,
                 [&](std::string_view id, const store::Document& document) {
                   auto key = key_from_json(id, document.json);
                   if (key)
                     stored.push_back(std::move(*key));
                   else
                     broken = std::move(key).error();
                   return !broken;
                 }));
  if (broken) return tl::unexpected(std::move(*broken));
  base::Lock lock(keys->mutex_);
  for (auto& key : stored) keys->rows_.push_back(keys->make_row(std::move(key)));
  keys->publish();
  return keys;
}

std::shared_ptr<const Keys::Row> Keys::make_row(StoredKey key) const {
  auto row = std::make_shared<Row>();
  row->number = parse_key_id(key.info.id).value_or(0);
  row->revoked = std::make_shared<std::atomic<bool>>(key.info.revoked_ns != 0);
  row->principal = std::make_shared<const Principal>(
      Principal{.account = key.info.account,
                .key_id = key.info.id,
                .scopes = key.info.scopes,
                .anonymous = false,
                .limits = limit_settings_ ? std::make_shared<KeyLimits>(*limit_settings_) : nullptr,
                .revoked = row->revoked,
                .tools = key.info.tools});
  row->key = std::move(key);
  return row;
}

void Keys::publish() {
  auto table = std::make_shared<KeyTable>();
  for (const auto& row : rows_)
    if (row->key.info.revoked_ns == 0)
      table->add(row->number, {row->key.digest, row->key.info.expires_ns, row->principal});
  table_.publish(std::move(table));
}

base::Result<NewKey> Keys::create(std::string_view account, std::string_view name, Scopes scopes,
                                  std::int64_t expires_ns, registry::ToolSetRef tools) {
  if (account.empty()) return base::fail(ErrorCode::kInvalidRequest, "A key needs an account.");
  TRY(check_name(name));
  if (scopes.bits() == 0)
    return base::fail(ErrorCode::kInvalidRequest, "A key without a scope may do nothing; give it one.");
  const auto now_ns = clock_.unix_ns();
  if (expires_ns != 0 && expires_ns <= now_ns)
    return base::fail(ErrorCode::kInvalidRequest, "The key would have expired already; give a time to come.");

  StoredKey key;
  NewKey made;
  for (;;) {
    const auto id = base::random_hex(kKeyIdSize / 2);
    made.secret = fmt::format("{}{}{}", kKeyPrefix, id, base::random_hex(kKeySecretSize / 2));
    key.digest = base::sha256(made.secret);
    key.info = {.id = id,
                .account = std::string(account),
                .name = std::string(name),
                .prefix = fmt::format("{}{}…", kKeyPrefix, id.substr(0, 4)),
                .scopes = scopes,
                .created_ns = now_ns,
                .revoked_ns = 0,
                .expires_ns = expires_ns,
                .tools = tools};
    const auto receipt = TRY(store_.commit({store::PutIfAbsent{std::string(kKeyCollection), id, to_json(key)}}));
    if (receipt.accepted()) break;  // Else the id is taken, once in 2^64: another one.
  }
  made.info = key.info;
  base::Lock lock(mutex_);
  rows_.push_back(make_row(std::move(key)));
  publish();
  return made;
}

std::vector<KeyInfo> Keys::list(std::string_view account) const {
  std::vector<KeyInfo> infos;
  {
    base::Lock lock(mutex_);
    for (const auto& row : rows_)
      if (row->key.info.account == account) infos.push_back(row->key.info);
  }
  std::ranges::stable_sort(infos, {}, &KeyInfo::created_ns);
  return infos;
}

std::shared_ptr<const Keys::Row> Keys::find_row(std::string_view account, std::string_view id) const {
  base::Lock lock(mutex_);
  for (const auto& row : rows_)
    if (row->key.info.id == id && row->key.info.account == account) return row;
  return nullptr;
}

base::Result<KeyInfo> Keys::get(std::string_view account, std::string_view id) const {
  if (const auto row = find_row(account, id)) return row->key.info;
  return tl::unexpected(not_found(id));
}

base::Result<PrincipalRef> Keys::principal(std::string_view account, std::string_view id) const {
  const auto row = find_row(account, id);
  const auto& info = row ? row->key.info : KeyInfo{};
  const bool is_over = info.revoked_ns != 0 || (info.expires_ns != 0 && info.expires_ns <= clock_.unix_ns());
  if (!row || is_over)
    return base::fail(ErrorCode::kInvalidKey, "The key that made the call has been revoked or has expired since.");
  return row->principal;
}

template <typename Edit>
base::Result<StoredKey> Keys::commit_edit(std::string_view id, Edit edit) {
  for (;;) {
    const auto document = TRY(store_.get(kKeyCollection, id));
    if (!document) return tl::unexpected(not_found(id));
    auto key = TRY(key_from_json(id, document->json));
    if (!edit(key.info)) return key;
    const auto receipt =
        TRY(store_.commit({store::ExpectVersion{std::string(kKeyCollection), std::string(id), document->version},
                           store::Put{std::string(kKeyCollection), std::string(id), to_json(key)}}));
    if (receipt.accepted()) return key;
  }
}

base::Result<KeyInfo> Keys::revoke(std::string_view account, std::string_view id) {
  const auto row = find_row(account, id);
  if (!row) return tl::unexpected(not_found(id));
  if (row->key.info.revoked_ns != 0) return row->key.info;
  base::Lock changing(changing_);
  auto key = TRY(commit_edit(id, [&](KeyInfo& info) {
    if (info.revoked_ns != 0) return false;
    info.revoked_ns = clock_.unix_ns();
    return true;
  }));
  return replace(id, std::move(key));
}

base::Result<KeyInfo> Keys::update(std::string_view account, std::string_view id, const Change& change) {
  if (change.name) TRY(check_name(*change.name));
  if (!find_row(account, id)) return tl::unexpected(not_found(id));
  base::Lock changing(changing_);
  auto key = TRY(commit_edit(id, [&](KeyInfo& info) {
    if (info.revoked_ns != 0) return false;
    if (change.name) info.name = *change.name;
    if (change.tools) info.tools = *change.tools;
    return true;
  }));
  if (key.info.revoked_ns != 0)
    return base::fail(ErrorCode::kConflict, fmt::format("The key \"{}\" has been revoked.", id),
                      "Make a new one; a revoked key does not come back.");
  return replace(id, std::move(key));
}

KeyInfo Keys::replace(std::string_view id, StoredKey key) {
  auto info = key.info;
  PrincipalRef changed;
  {
    base::Lock lock(mutex_);
    const auto row = std::ranges::find(rows_, id, [](const auto& one) -> std::string_view { return one->key.info.id; });
    auto next = std::make_shared<Row>(**row);
    next->key = std::move(key);
    if (info.revoked_ns != 0) {
      next->revoked->store(true, std::memory_order_relaxed);
      changed = next->principal;
    }
    if (!is_same(next->principal->tools, info.tools)) {
      auto principal = *next->principal;
      principal.tools = info.tools;
      next->principal = changed = std::make_shared<const Principal>(std::move(principal));
    }
    *row = std::move(next);
    publish();
  }
  if (changed != nullptr && changed_) changed_(changed);
  return info;
}

void Keys::end_expired() {
  std::vector<PrincipalRef> ended;
  {
    base::Lock lock(mutex_);
    const auto now = clock_.unix_ns();
    for (const auto& row : rows_) {
      const auto expires_ns = row->key.info.expires_ns;
      if (expires_ns == 0 || expires_ns > now) continue;
      if (!row->revoked->exchange(true, std::memory_order_relaxed)) ended.push_back(row->principal);
    }
  }
  if (!changed_) return;
  for (const auto& principal : ended) changed_(principal);
}

void Keys::set_limits(std::optional<LimitSettings> limits) {
  base::Lock lock(mutex_);
  limit_settings_ = limits;
  for (auto& row : rows_) {
    const auto& counting = row->principal->limits;
    if (counting && limits) {
      counting->set(*limits);
    } else if (static_cast<bool>(counting) != limits.has_value()) {
      // A call that runs leaves through the principal it came with.
      auto next = std::make_shared<Row>(*row);
      auto principal = *row->principal;
      principal.limits = limits ? std::make_shared<KeyLimits>(*limits) : nullptr;
      next->principal = std::make_shared<const Principal>(std::move(principal));
      row = std::move(next);
    }
  }
  publish();
}

Keys::Reader::Reader(const Keys& keys) : clock_(keys.clock_), table_(keys.table_) {}

base::Result<std::reference_wrapper<const PrincipalRef>> Keys::Reader::find(std::string_view key) {
  // Every failure looks alike and, for a well-formed key, takes alike: a digest, a look-up, one whole comparison.
  const auto invalid = [] { return base::fail(ErrorCode::kInvalidKey, "The API key is not valid."); };
  const auto id = key_id_of(key);
  if (!id) return invalid();
  const auto& table = *table_.get();
  if (&table != known_in_) {
    known_.clear();
    known_in_ = &table;
  }
  const auto tag = tagger_.tag(key);
  auto known = known_.find(*id);
  if (known == known_.end() || !base::equal_constant_time(base::as_bytes(tag), base::as_bytes(known->second.tag))) {
    static constexpr base::Sha256 kNobody{};
    const auto digest = base::sha256(key);
    const auto* entry = table.find(*id);
    const bool is_equal =
        base::equal_constant_time(base::as_bytes(digest), base::as_bytes(entry ? entry->digest : kNobody));
    if (entry == nullptr || !is_equal) return invalid();
    known = known_.insert_or_assign(*id, Known{tag, entry->expires_ns, &entry->principal}).first;
  }
  const auto& [tag_of_key, expires_ns, principal] = known->second;
  if (expires_ns != 0 && expires_ns <= clock_.unix_ns()) return invalid();
  return std::cref(*principal);
}

}  // namespace toolrack::accounts
