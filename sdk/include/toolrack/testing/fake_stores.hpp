/// Assets and the key-value store of a FakeHost.
#pragma once

#include <toolrack/testing/fake_state.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace toolrack::testing {

/// toolrack.assets/1 and toolrack.kv/1, in memory.
class FakeStores : public FakeState {
 public:
  using FakeState::FakeState;

 protected:
  static FakeStores& self(const tr_host* host) noexcept {
    return static_cast<FakeStores&>(*static_cast<FakeState*>(host->impl));
  }

  // toolrack.assets/1

  std::string description(std::size_t number) const {
    const Asset& asset = assets[number - 1];
    return "{\"id\":\"asset-" + std::to_string(number) + "\",\"media_type\":\"" + asset.media_type +
           "\",\"bytes\":" + std::to_string(asset.bytes.size()) + "}";
  }
  /// The asset of that number; nullptr when there is none.
  Asset* asset(std::int64_t number) {
    return number < 1 || number > static_cast<std::int64_t>(assets.size())
               ? nullptr
               : &assets[static_cast<std::size_t>(number - 1)];
  }
  Asset* asset(tr_str id) {
    for (std::size_t i = 1; i <= assets.size(); ++i) {
      if (view(id) == "asset-" + std::to_string(i)) return &assets[i - 1];
    }
    return nullptr;
  }
  static FakeReply no_asset() { return FakeReply::failure(TR_NOT_FOUND, "no_asset", "there is no such asset"); }
  static tr_op asset_put(const tr_host* host, tr_call behalf, tr_str name, tr_str media_type, const tr_piece* bytes,
                         std::size_t count, tr_done done, void* user) noexcept {
    FakeStores& me = self(host);
    Asset asset{view(name).str(), view(media_type).str(), {}, false};
    for (std::size_t i = 0; i < count; ++i) {
      const Asset* const source = me.asset(bytes[i].asset);
      asset.bytes += source == nullptr ? view(bytes[i].bytes).str() : source->bytes;
    }
    const auto answer = [&] {
      me.assets.push_back(asset);
      return FakeReply(0, me.description(me.assets.size()));
    };
    return me.core.begin(behalf, "assets.put", asset.name + '\n' + asset.bytes, answer, done, user);
  }
  static tr_op asset_open(const tr_host* host, tr_call behalf, tr_str name, tr_str media_type, tr_done done,
                          void* user) noexcept {
    FakeStores& me = self(host);
    const auto answer = [&] {
      me.assets.push_back({view(name).str(), view(media_type).str(), {}, true});
      return FakeReply(static_cast<std::int64_t>(me.assets.size()));
    };
    return me.core.begin(behalf, "assets.open", view(name).str(), answer, done, user);
  }
  static tr_op asset_append(const tr_host* host, tr_call behalf, std::int64_t writer, tr_str bytes, tr_done done,
                            void* user) noexcept {
    FakeStores& me = self(host);
    const auto answer = [&] {
      Asset* const asset = me.asset(writer);
      if (asset == nullptr || !asset->is_open) return no_asset();
      asset->bytes += view(bytes);
      return FakeReply();
    };
    return me.core.begin(behalf, "assets.append", std::to_string(writer), answer, done, user);
  }
  static tr_op asset_close(const tr_host* host, tr_call behalf, std::int64_t writer, tr_done done,
                           void* user) noexcept {
    FakeStores& me = self(host);
    const auto answer = [&] {
      Asset* const asset = me.asset(writer);
      if (asset == nullptr || !asset->is_open) return no_asset();
      asset->is_open = false;
      return FakeReply(0, me.description(static_cast<std::size_t>(writer)));
    };
    return me.core.begin(behalf, "assets.close", std::to_string(writer), answer, done, user);
  }
  static tr_op asset_stat(const tr_host* host, tr_call behalf, tr_str id, tr_done done, void* user) noexcept {
    FakeStores& me = self(host);
    const auto answer = [&] {
      const Asset* const asset = me.asset(id);
      return asset == nullptr ? no_asset()
                              : FakeReply(0, me.description(static_cast<std::size_t>(asset - me.assets.data() + 1)));
    };
    return me.core.begin(behalf, "assets.stat", view(id).str(), answer, done, user);
  }
  static tr_op asset_read(const tr_host* host, tr_call behalf, tr_str id, std::uint64_t offset, std::uint64_t size,
                          tr_done done, void* user) noexcept {
    FakeStores& me = self(host);
    const auto answer = [&] {
      const Asset* const asset = me.asset(id);
      if (asset == nullptr) return no_asset();
      const std::size_t from = std::min(static_cast<std::size_t>(offset), asset->bytes.size());
      return FakeReply(0, asset->bytes.substr(from, static_cast<std::size_t>(size)));
    };
    return me.core.begin(behalf, "assets.read", view(id) + ' ' + std::to_string(offset), answer, done, user);
  }

  // toolrack.kv/1

  const Stored* look_up(std::uint32_t scope, const std::string& key) {
    const auto row = kv.find({scope, key});
    if (row == kv.end()) return nullptr;
    if (row->second.expires_ns == 0 || row->second.expires_ns > core.loop.now_ns()) return &row->second;
    kv.erase(row);
    return nullptr;
  }
  void store(std::uint32_t scope, const std::string& key, tr_str value, std::int64_t ttl_ns) {
    kv[{scope, key}] = {view(value).str(), ttl_ns == 0 ? 0 : core.loop.now_ns() + ttl_ns};
  }
  /// Account rows belong to a call's account.
  template <class Answer>
  static tr_op kv_op(const tr_host* host, tr_call behalf, const char* function, std::uint32_t scope, tr_str key,
                     Answer answer, tr_done done, void* user) {
    const auto checked = [&]() -> FakeReply {
      if (scope > TR_KV_PLUGIN || (scope == TR_KV_ACCOUNT && behalf == 0)) {
        return FakeReply::failure(TR_INVALID_ARGUMENT, "kv_scope", "this scope needs a call");
      }
      return answer(self(host), view(key).str());
    };
    return self(host).core.begin(behalf, function, std::to_string(scope) + ' ' + view(key).str(), checked, done, user);
  }
  static tr_op kv_get(const tr_host* host, tr_call behalf, std::uint32_t scope, tr_str key, tr_done done,
                      void* user) noexcept {
    const auto answer = [&](FakeStores& me, const std::string& name) {
      const Stored* const row = me.look_up(scope, name);
      return row == nullptr ? FakeReply::failure(TR_NOT_FOUND, "kv_absent", "no such key") : FakeReply(0, row->value);
    };
    return kv_op(host, behalf, "kv.get", scope, key, answer, done, user);
  }
  static tr_op kv_put(const tr_host* host, tr_call behalf, std::uint32_t scope, tr_str key, tr_str value,
                      std::int64_t ttl_ns, tr_done done, void* user) noexcept {
    const auto answer = [&](FakeStores& me, const std::string& name) {
      me.store(scope, name, value, ttl_ns);
      return FakeReply();
    };
    return kv_op(host, behalf, "kv.put", scope, key, answer, done, user);
  }
  static tr_op kv_replace(const tr_host* host, tr_call behalf, std::uint32_t scope, tr_str key, const tr_str* expected,
                          tr_str value, std::int64_t ttl_ns, tr_done done, void* user) noexcept {
    const auto answer = [&](FakeStores& me, const std::string& name) {
      const Stored* const row = me.look_up(scope, name);
      const bool fits = expected == nullptr ? row == nullptr : row != nullptr && row->value == view(*expected);
      if (!fits) return FakeReply::aborted(row == nullptr ? std::string() : row->value);
      me.store(scope, name, value, ttl_ns);
      return FakeReply();
    };
    return kv_op(host, behalf, "kv.replace", scope, key, answer, done, user);
  }
  static tr_op kv_remove(const tr_host* host, tr_call behalf, std::uint32_t scope, tr_str key, tr_done done,
                         void* user) noexcept {
    const auto answer = [&](FakeStores& me, const std::string& name) {
      if (me.look_up(scope, name) == nullptr) return FakeReply::failure(TR_NOT_FOUND, "kv_absent", "no such key");
      me.kv.erase({scope, name});
      return FakeReply();
    };
    return kv_op(host, behalf, "kv.remove", scope, key, answer, done, user);
  }
  static tr_op kv_scan(const tr_host* host, tr_call behalf, std::uint32_t scope, tr_str prefix, tr_str cursor,
                       std::uint32_t limit, tr_done done, void* user) noexcept {
    const auto answer = [&](FakeStores& me, const std::string& start) {
      FakeReply reply;
      std::uint32_t count = 0;
      std::string last;
      for (const auto& [key, row] : me.kv) {
        if (key.first != scope || !key.second.starts_with(start) || key.second <= view(cursor)) continue;
        if (count == limit) return reply.body_for(last);
        reply.header(key.second, row.value);
        last = key.second;
        ++count;
      }
      return reply;
    };
    return kv_op(host, behalf, "kv.scan", scope, prefix, answer, done, user);
  }
};

}  // namespace toolrack::testing
