/// Shell completion, made from the commands themselves.
#pragma once

#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace toolrack::cli {

/// A script for "bash", "zsh" or "fish" that completes commands and options; empty for another shell.
std::string completion_script(const CLI::App& program, std::string_view shell);

}  // namespace toolrack::cli
