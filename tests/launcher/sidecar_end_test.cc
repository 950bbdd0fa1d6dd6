#include "launcher/sidecar_end.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace lockstep {
namespace {

using std::chrono::milliseconds;

SidecarEnd::TimePoint At(int ms) { return SidecarEnd::TimePoint(milliseconds(ms)); }

std::string Due(SidecarEnd* end, int ms) {
  std::string text;
  for (const SidecarEnd::Due& due : end->TakeDue(At(ms))) {
    text += std::to_string(due.pid) + (due.signal_number == SIGKILL ? " KILL;" : " TERM;");
  }
  return text;
}

TEST(SidecarEnd, LingersThenAsksThenKills) {
  SidecarEnd end;
  end.Add(1, milliseconds(0));
  end.Add(2, milliseconds(50));
  EXPECT_EQ(end.Next(), SidecarEnd::TimePoint::max()) << "while the ranks run";
  EXPECT_EQ(Due(&end, 1000000), "");
  end.RanksEnded(At(100), milliseconds(30));
  EXPECT_EQ(end.Next(), At(100));
  EXPECT_EQ(Due(&end, 100), "1 TERM;");
  EXPECT_EQ(Due(&end, 100), "") << "each once";
  EXPECT_EQ(end.Next(), At(130));
  EXPECT_EQ(Due(&end, 155), "1 KILL;2 TERM;");
  EXPECT_EQ(Due(&end, 180), "2 KILL;");
  EXPECT_EQ(end.Next(), SidecarEnd::TimePoint::max());
}

TEST(SidecarEnd, HurriesThoseThatLingerAndKillsAll) {
  SidecarEnd end;
  end.Add(1, milliseconds(0));
  end.Add(2, milliseconds(500));
  end.RanksEnded(At(0), milliseconds(30));
  EXPECT_EQ(Due(&end, 0), "1 TERM;");
  end.Hurry(At(10));
  EXPECT_EQ(Due(&end, 10), "2 TERM;");
  EXPECT_EQ(end.Next(), At(30)) << "hurrying gives the first no new grace";
  end.KillAll(At(20));
  EXPECT_EQ(Due(&end, 20), "1 KILL;2 KILL;");
}

}  // namespace
}  // namespace lockstep
