#include "store/store.hpp"

#include <utility>

#include "base/mutex.hpp"

namespace toolrack::store {

base::Result<Receipt> Store::commit(Commit commit) {
  base::Mutex mutex;
  std::condition_variable arrived;
  std::optional<base::Result<Receipt>> outcome;
  submit(std::move(commit), [&](base::Result<Receipt> result) {
    base::Lock lock(mutex);
    outcome = std::move(result);
    arrived.notify_one();  // Under the lock: the waiter's frame, with all three, is gone right after.
  });
  base::Lock lock(mutex);
  while (!outcome) lock.wait(arrived);
  return std::move(*outcome);
}

base::Result<std::optional<Document>> Store::get(std::string_view collection, std::string_view key) {
  auto view = snapshot();
  if (!view) return tl::unexpected<base::Error>(std::move(view).error());
  return (*view)->get(collection, key);
}

}  // namespace toolrack::store
