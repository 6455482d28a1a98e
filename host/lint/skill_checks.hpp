/// The checks that call a skill, over and over, with everything around it going wrong.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "lint/child.hpp"
#include "lint/subject.hpp"

namespace toolrack::lint {

/// What a check works on; in its own process.
struct Bench {
  Subject& subject;
  const tr_entry* entry = nullptr;
  std::uint64_t seed = 1;  ///< Of the first run; the next ones count on.
  std::uint64_t runs = 100;
};

struct SkillCheck {
  std::string_view name;
  std::string_view what;  ///< For docs and --help.
  void (*run)(const Bench& bench, const registry::Skill& skill, Notes& notes);
};

std::span<const SkillCheck> skill_checks() noexcept;

}  // namespace toolrack::lint
