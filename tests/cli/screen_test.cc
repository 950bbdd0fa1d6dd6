#include "cli/screen.h"

#include <gtest/gtest.h>

#include <map>

namespace lockstep {
namespace {

// "live", "color", both or neither.
std::string Made(bool is_terminal, const std::map<std::string, std::string>& variables) {
  const Screen screen =
      MakeScreen(is_terminal, [&](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(std::string(name));
        return found == variables.end() ? std::nullopt : std::optional(found->second);
      });
  return std::string(screen.live ? "live " : "") + (screen.color ? "color" : "");
}

TEST(ScreenTest, ColourAndMovementFollowTheHabits) {
  EXPECT_EQ(Made(true, {}), "live color");
  EXPECT_EQ(Made(true, {{"TERM", "xterm"}}), "live color");
  EXPECT_EQ(Made(true, {{"NO_COLOR", "1"}}), "live ");
  EXPECT_EQ(Made(true, {{"NO_COLOR", ""}}), "live color");
  EXPECT_EQ(Made(true, {{"CLICOLOR", "0"}}), "live ");
  EXPECT_EQ(Made(true, {{"TERM", "dumb"}}), "");
  EXPECT_EQ(Made(false, {}), "");
  EXPECT_EQ(Made(false, {{"CLICOLOR_FORCE", "1"}}), "color");
  EXPECT_EQ(Made(false, {{"CLICOLOR_FORCE", "0"}}), "");
  EXPECT_EQ(Made(false, {{"CLICOLOR_FORCE", "1"}, {"NO_COLOR", "1"}}), "");
  EXPECT_EQ(Made(true, {{"CLICOLOR_FORCE", "1"}, {"TERM", "dumb"}}), "");
}

}  // namespace
}  // namespace lockstep
