/// Files compiled into the program by cmake/embed.cmake.
#pragma once

#include <span>
#include <string_view>

namespace toolrack::embedded {

struct File {
  std::string_view path;  ///< Below the source folder, with '/'.
  std::string_view bytes;
};

}  // namespace toolrack::embedded
