#include "runtime/comm/thread_communicator.h"

#include "tests/runtime/comm/communicator_conformance.h"
#include "tests/runtime/comm/rank_threads.h"

namespace lockstep {

INSTANTIATE_TEST_SUITE_P(Thread, CommunicatorConformance,
                         ::testing::Values(Transport{
                             .name = "thread",
                             .sizes = {1, 2, 3, 4, 8},
                             .run =
                                 [](int size, const RankBody& body) {
                                   RunOnThreads(MakeThreadCommunicators(size), body);
                                 },
                         }));

}  // namespace lockstep
