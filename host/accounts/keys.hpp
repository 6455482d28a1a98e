/// Toolrack API keys: made once, shown once, stored as digests, looked up without touching the store.
///
/// A key reads `tr_live_<id><secret>`: 16 hex characters that name it publicly, 48 secret ones. The store keeps SHA-256
/// of the whole; comparing takes the same time whatever differs. Keys live in collection "keys" under their id.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "accounts/limits.hpp"
#include "accounts/principal.hpp"
#include "base/clock.hpp"
#include "base/encoding.hpp"
#include "base/mutex.hpp"
#include "base/published.hpp"
#include "registry/tool_set.hpp"
#include "store/store.hpp"

namespace toolrack::accounts {

/// What may be shown of a key.
struct KeyInfo {
  std::string id, account, name, prefix;  ///< prefix: "tr_live_1a2b…", for people.
  Scopes scopes;
  std::int64_t created_ns = 0, revoked_ns = 0, expires_ns = 0;  ///< Unix; 0: not.
  registry::ToolSetRef tools = nullptr;                         ///< Null: everything.
};

struct NewKey {
  KeyInfo info;
  std::string secret;  ///< The whole key; it cannot be read again.
};

/// Immutable table of the live keys, published to the loops with every change.
class KeyTable;
struct StoredKey;

/// Threads: all functions from any thread; the ones that change something wait for their commit, so not on a loop.
class Keys {
 public:
  /// Reads every key from the store. `store`, `clock` outlive it; `limits` are the defaults for every key (null: none).
  static base::Result<std::unique_ptr<Keys>> open(store::Store& store, const base::Clock& clock,
                                                  std::optional<LimitSettings> limits);
  ~Keys();

  base::Result<NewKey> create(std::string_view account, std::string_view name, Scopes scopes,
                              std::int64_t expires_ns = 0, registry::ToolSetRef tools = nullptr);
  std::vector<KeyInfo> list(std::string_view account) const;
  /// kKeyNotFound also for a key of another account.
  base::Result<KeyInfo> get(std::string_view account, std::string_view id) const;
  /// Who a call with this key comes from, for one that goes on without it being presented again. kInvalidKey when the
  /// key may not call any more: it was revoked, has expired, or is none of the account's.
  base::Result<PrincipalRef> principal(std::string_view account, std::string_view id) const;
  /// Effective for the next call on every loop; idempotent.
  base::Result<KeyInfo> revoke(std::string_view account, std::string_view id);

  /// What an update changes; what is not given stays.
  struct Change {
    std::optional<std::string> name;
    std::optional<registry::ToolSetRef> tools;
  };
  /// Effective for the next call on every loop; calls that run go on as they began. kConflict: the key is revoked.
  base::Result<KeyInfo> update(std::string_view account, std::string_view id, const Change& change);
  /// Any thread, now and then: keys that have expired since are as those that were revoked, also for calls that run.
  void end_expired();
  /// Hears of every key whose tool set is another one, or which may not call any more (Principal::is_revoked), in the
  /// thread that changed it. Before anything is changed.
  using Changed = std::function<void(const PrincipalRef&)>;
  void on_changed(Changed listener) { changed_ = std::move(listener); }

  /// Other defaults for every key, old ones too, from the next call on; what was counted goes on counting. Null: no key
  /// is limited any more.
  void set_limits(std::optional<LimitSettings> limits);

  /// One per loop.
  class Reader {
   public:
    explicit Reader(const Keys& keys);
    /// The principal of a presented key, or kInvalidKey (malformed, unknown, revoked, expired: one text). The reference
    /// holds until the next call; copy the shared_ptr to keep it.
    base::Result<std::reference_wrapper<const PrincipalRef>> find(std::string_view key);

   private:
    struct Known {
      base::Tagger::Tag tag;
      std::int64_t expires_ns;
      const PrincipalRef* principal;  ///< In `known_in_`.
    };
    const base::Clock& clock_;
    base::Published<KeyTable>::Reader table_;
    // Keys whose digest was right, so that it is not computed for every call.
    const base::Tagger tagger_;
    std::unordered_map<std::uint64_t, Known> known_;  ///< By id.
    const KeyTable* known_in_ = nullptr;              ///< Those of another table are forgotten.
  };

 private:
  Keys(store::Store& store, const base::Clock& clock, std::optional<LimitSettings> limits);
  struct Row;
  std::shared_ptr<const Row> make_row(StoredKey key) const TR_REQUIRES(mutex_);
  std::shared_ptr<const Row> find_row(std::string_view account, std::string_view id) const;
  void publish() TR_REQUIRES(mutex_);
  /// Reads the key again until `edit` has made of it what could be committed. False of `edit`: nothing is to be done.
  template <typename Edit>
  base::Result<StoredKey> commit_edit(std::string_view id, Edit edit) TR_REQUIRES(changing_);
  /// Puts the key as it is in the store now in the place of the one that is known by its id.
  KeyInfo replace(std::string_view id, StoredKey key) TR_REQUIRES(changing_);

  store::Store& store_;
  const base::Clock& clock_;
  /// From a change's commit until it is known here, so that a later one is not overtaken. Taken before `mutex_`.
  base::Mutex changing_;
  mutable base::Mutex mutex_;
  std::optional<LimitSettings> limit_settings_ TR_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<const Row>> rows_ TR_GUARDED_BY(mutex_);
  base::Published<KeyTable> table_;
  Changed changed_;
};

}  // namespace toolrack::accounts
