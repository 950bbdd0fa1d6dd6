// What every bench of two sides does: wait for a quiet machine, run them in turns, compare pair by
// pair, and say the outcome in one line (the rules are in bench/README.md).
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace lockstep::bench {

inline constexpr int kOk = 0, kShort = 3, kNotShown = 77;  // exit codes
inline constexpr int kPairs = 7;

struct Run {
  double seconds = 0;
  bool disturbed = false;  // the core was somebody else's for a part of the time
};

// How long `work` takes on this thread, and whether it had the core to itself.
Run Time(const std::function<void()>& work);
// The quickest of `count` runs; disturbed when all were.
Run BestOf(int count, const std::function<Run()>& run);

struct Pairs {
  std::vector<double> ours, theirs;  // seconds of each pair that was kept, sorted
  std::vector<double> ratios;        // theirs / ours, above 1 we are faster; sorted
  int pairs = 0;                     // that were run
  bool shown() const { return pairs > 0 && 2 * static_cast<int>(ratios.size()) >= pairs; }
};

// A B A B ..., after one of each that counts for nothing.
Pairs Interleave(int pairs, const std::function<Run()>& ours, const std::function<Run()>& theirs);

double Median(const std::vector<double>& sorted);

// Waits up to 20 s for a load below 0.7 and prints what it is then.
void WaitUntilQuiet();

// One bar: `ratio` times as fast as the peer at least. A miss is measured once more with twice the
// pairs, and that stands. Prints the figures and the outcome; an exit code.
int ShowRatioBar(const std::string& id, double wanted, const std::string& peer,
                 const std::function<Pairs(int pairs)>& measure);
int ShowNotShown(const std::string& id, const std::string& wanted, const std::string& why);

// The code of a bench whose bars have these.
int WorstOf(const std::vector<int>& codes);

}  // namespace lockstep::bench
