#include "registry/published_catalogue.hpp"

#include <cstring>

namespace toolrack::registry {

std::size_t NarrowedCatalogues::Hash::operator()(const base::Sha256& digest) const noexcept {
  std::size_t out = 0;  // Every part of a digest is as good as random.
  std::memcpy(&out, digest.data(), sizeof out);
  return out;
}

const NarrowedCatalogues::Ref* NarrowedCatalogues::find(const base::Sha256& digest) noexcept {
  const auto found = by_digest_.find(digest);
  if (found == by_digest_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return &found->second->catalogue;
}

const NarrowedCatalogues::Ref& NarrowedCatalogues::put(const base::Sha256& digest, Ref catalogue) {
  if (const auto* known = find(digest)) return *known;
  if (entries_.size() >= kMost) {
    by_digest_.erase(entries_.back().digest);
    entries_.pop_back();
  }
  entries_.push_front({digest, std::move(catalogue)});
  by_digest_.emplace(digest, entries_.begin());
  return entries_.front().catalogue;
}

void NarrowedCatalogues::clear() noexcept {
  by_digest_.clear();
  entries_.clear();
}

void PublishedCatalogue::publish(Ref next) {
  NarrowedCatalogues older;  // Their tools go after the lock.
  base::Lock lock(mutex_);
  std::swap(older, narrowed_);
  current_ = next.get();
  whole_.publish(std::move(next));
}

PublishedCatalogue::Ref PublishedCatalogue::narrow(const Ref& whole, const ToolSet& set) const {
  {
    base::Lock lock(mutex_);
    if (whole.get() == current_)
      if (const auto* known = narrowed_.find(set.digest())) return *known;
  }
  // Two who want the same at once do it twice, and neither waits for somebody else's set.
  auto made = Catalogue::narrow(whole, set);
  base::Lock lock(mutex_);
  return whole.get() == current_ ? narrowed_.put(set.digest(), std::move(made)) : made;
}

void PublishedCatalogue::Reader::renew(std::uint64_t version) {
  version_ = version;  // Read before the value: a publish in between is seen next time.
  whole_ = source_.load();
  narrowed_.clear();  // Or plugins that have gone would stay until a key asks.
}

const PublishedCatalogue::Ref& PublishedCatalogue::Reader::narrowed(const ToolSet& set) {
  if (const auto* known = narrowed_.find(set.digest())) return *known;
  return narrowed_.put(set.digest(), source_.narrow(whole_, set));
}

}  // namespace toolrack::registry
