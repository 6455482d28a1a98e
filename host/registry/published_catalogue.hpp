/// The catalogue that serves now, and what is left of it for keys that have a tool set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>
#include <utility>

#include "base/encoding.hpp"
#include "base/mutex.hpp"
#include "base/published.hpp"
#include "registry/catalogue.hpp"
#include "registry/tool_set.hpp"

namespace toolrack::registry {

/// Catalogues narrowed to tool sets, by the sets' digests. Bounded: whoever was not asked for longest goes first.
class NarrowedCatalogues {
 public:
  using Ref = std::shared_ptr<const Catalogue>;
  /// So many at once; a set beyond them is narrowed anew when it comes again.
  static constexpr std::size_t kMost = 128;

  /// Null: there is none. The reference holds until the next call of `put` or `clear`. No allocation.
  const Ref* find(const base::Sha256& digest) noexcept;
  const Ref& put(const base::Sha256& digest, Ref catalogue);
  void clear() noexcept;
  std::size_t size() const noexcept { return by_digest_.size(); }

 private:
  struct Entry {
    base::Sha256 digest;
    Ref catalogue;
  };
  struct Hash {
    std::size_t operator()(const base::Sha256& digest) const noexcept;
  };
  std::list<Entry> entries_;  ///< The one that was asked for last comes first.
  std::unordered_map<base::Sha256, std::list<Entry>::iterator, Hash> by_digest_;
};

/// One writer publishes; every thread may load, and loops read through a Reader of their own.
class PublishedCatalogue {
 public:
  using Ref = std::shared_ptr<const Catalogue>;

  explicit PublishedCatalogue(Ref first) : whole_(std::move(first)), current_(whole_.load().get()) {}

  /// Any thread. Older catalogues live on while somebody holds them.
  void publish(Ref next);
  /// Any thread; takes a lock.
  Ref load() const { return whole_.load(); }
  /// As a key with that set sees it; null: the whole one. Any thread; takes a lock, and narrows the catalogue when
  /// nobody has for that set yet.
  Ref load(const ToolSet* set) const { return set == nullptr ? load() : narrow(load(), *set); }

  /// One per loop; used by that loop only. Must not outlive the PublishedCatalogue.
  class Reader {
   public:
    explicit Reader(const PublishedCatalogue& source)
        : source_(source), version_(source.whole_.version()), whole_(source.load()) {}
    /// The newest. The reference holds until the next call of either `get`.
    const Ref& get() {
      const auto now = source_.whole_.version();
      if (now != version_) [[unlikely]]
        renew(now);
      return whole_;
    }
    /// As a key with that set sees it; null: the whole one. Of a set that was seen since the catalogue is in place: one
    /// look-up.
    const Ref& get(const ToolSet* set) {
      const auto& whole = get();
      return set == nullptr ? whole : narrowed(*set);
    }

   private:
    void renew(std::uint64_t version);
    const Ref& narrowed(const ToolSet& set);

    const PublishedCatalogue& source_;
    std::uint64_t version_;
    Ref whole_;
    NarrowedCatalogues narrowed_;  ///< From `whole_`.
  };

 private:
  Ref narrow(const Ref& whole, const ToolSet& set) const;

  base::Published<Catalogue> whole_;
  mutable base::Mutex mutex_;
  const Catalogue* current_ TR_GUARDED_BY(mutex_);             ///< In `whole_`.
  mutable NarrowedCatalogues narrowed_ TR_GUARDED_BY(mutex_);  ///< From `current_`.
};

}  // namespace toolrack::registry
