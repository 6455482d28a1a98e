/// The checks that read a file and run nothing of it.
#pragma once

#include <optional>
#include <string>

#include "lint/finding.hpp"
#include "lint/subject.hpp"
#include "sources/native/checked_file.hpp"

namespace toolrack::lint {

/// Would a gateway serve it? The file, when there is more to look at: a plugin (.so) or a manifest (.json).
std::optional<sources::native::CheckedFile> check_file(const std::string& path, CheckResult& result);

/// What those who call the version in the file `old_path` would lose: an error each when this one's number promises
/// them that nothing is taken away, else a warning.
CheckResult check_against(const registry::Tool& tool, const std::string& old_path);

/// What would trouble those who install a library: paths of this machine, libraries they may not have, that it stays.
CheckResult check_library(const sources::native::ElfInfo& elf);

/// Are the words there that a model chooses by, and short enough to be read?
CheckResult check_texts(const registry::Tool& tool);

}  // namespace toolrack::lint
