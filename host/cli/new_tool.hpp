/// `toolrack new NAME`: a project for a tool of one's own, which builds and passes its tests as it is.
///
/// The projects are sdk/template/<language>, compiled into the program. In their files @TOOL@, @SNAKE@, @CLASS@,
/// @TITLE@ and @OWNER@ are filled in, in the names of files __tool__ and __snake__.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace toolrack::cli {

struct NewTool {
  std::string name;              ///< The tool's slug: "my-tool".
  std::string language = "cpp";  ///< A folder of sdk/template.
  std::string owner = "local";   ///< Who publishes it.
  std::filesystem::path folder;  ///< Where to; empty: `name`, below the current folder.
};

/// Languages that there are projects for.
std::vector<std::string> new_tool_languages();

/// Writes the project; returns its files, below the folder. Nothing is written over: kConflict when the folder is there
/// and has anything in it. kInvalidRequest for a name or owner that no manifest may have.
base::Result<std::vector<std::string>> make_new_tool(const NewTool& wanted);

}  // namespace toolrack::cli
