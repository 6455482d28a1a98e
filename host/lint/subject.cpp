#include "lint/subject.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace toolrack::lint {

namespace native = sources::native;

Subject::Subject(std::string path, native::CheckedFile file, std::string settings_json)
    : path_(std::move(path)), file_(std::move(file)), settings_json_(std::move(settings_json)) {
  auto pattern = (std::filesystem::temp_directory_path() / "toolrack-lint-XXXXXX").string();
  if (::mkdtemp(pattern.data()) != nullptr) folder_ = pattern;
}

Subject::~Subject() {
  unload();
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

bool Subject::has_native_skills() const noexcept {
  return std::ranges::any_of(tool().skills, [this](const auto& skill) { return is_native(skill); });
}

native::LoadResult<const tr_entry*> Subject::load() {
  if (library_) return library_->entry();
  if (folder_.empty())
    return native::load_fail(native::LoadCode::kCopy, fmt::format("no folder can be made in {}",
                                                                  std::filesystem::temp_directory_path().string()));
  auto copy = native::PrivateCopy::make(path_, folder_, fmt::format("{}-{}-{}", tool().slug, ::getpid(), ++loads_));
  if (!copy) return tl::unexpected(copy.error());
  auto library = native::Library::open(*std::move(copy));
  if (!library) return tl::unexpected(library.error());
  library_.emplace(*std::move(library));
  const auto* entry = library_->entry();
  if (entry == nullptr || entry->struct_size < sizeof(tr_entry) || entry->create == nullptr) {
    unload();
    return native::load_fail(native::LoadCode::kNoEntry, "toolrack_entry_v1() returns no usable tr_entry");
  }
  return entry;
}

bool Subject::unload() {
  if (!library_) return false;
  const bool stays = library_->close(native::default_unload_policy());
  library_.reset();
  return stays;
}

}  // namespace toolrack::lint
