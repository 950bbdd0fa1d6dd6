// Secrets: programs get their values, and nothing else shows them.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/cli/lockstep_process.h"

namespace lockstep {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kHush[] = "hush-4711";

constexpr char kSecret[] =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
    "stringData: {token: hush-4711, PASS: hush-4711}\n"
    "---\napiVersion: v1\nkind: Secret\nmetadata: {name: b}\ndata: {bin: AAH/}\n";

constexpr char kJob[] =
    "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  template:\n    spec:\n"
    "      restartPolicy: Never\n"
    "      volumes:\n"
    "      - {name: v, secret: {secretName: s, items: [{key: token, path: sub/t}]}}\n"
    "      - {name: w, secret: {secretName: b, items: [{key: bin, path: b, mode: 0400}]}}\n"
    "      containers:\n"
    "      - name: main\n        image: none\n"
    "        envFrom: [{prefix: P_, secretRef: {name: s}}]\n"
    "        env: [{name: T, valueFrom: {secretKeyRef: {name: s, key: token}}}, "
    "{name: NONE, valueFrom: {secretKeyRef: {name: s, key: none, optional: true}}}]\n"
    "        volumeMounts: [{name: v, mountPath: /mnt/lockstep-secret}]\n"
    "        command: [sh, -c, 'test \"$$T\" = hush-4711 && test \"$$P_PASS\" = hush-4711 && "
    "test -z \"$${NONE+x}\" && echo right']\n";

class SecretsTest : public LockstepTest {
 protected:
  // The permissions of each file called `name` below the state directory.
  std::vector<unsigned> ModesOf(const std::string& name) const {
    std::vector<unsigned> modes;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(state_dir_)) {
      if (entry.path().filename() != name) continue;
      struct stat file{};
      if (::stat(entry.path().c_str(), &file) == 0) modes.push_back(file.st_mode & 0777);
    }
    return modes;
  }
};

TEST_F(SecretsTest, ProgramsGetTheValuesAndNothingElseShowsThem) {
  const Outcome applied =
      Run({"apply", "-f", WriteFile("all.yaml", std::string(kJob) + "---\n" + kSecret)});
  ASSERT_EQ(applied.code, 0) << applied.err;
  EXPECT_EQ(applied.out, "secret/s created\nsecret/b created\njob.batch/j created\n");
  ASSERT_EQ(Run({"wait", "job/j", "--for=condition=Complete"}).code, 0)
      << Run({"describe", "job/j"}).out;
  EXPECT_EQ(Run({"logs", "job/j", "--rank", "0"}).out, "right\n");

  EXPECT_EQ(Get("secret", "s")["data"]["token"], "aHVzaC00NzEx") << "as kubectl prints it";
  EXPECT_THAT(Run({"get", "secrets"}).out, HasSubstr("s      Opaque   2"));
  const std::string described = Run({"describe", "secret/s"}).out;
  EXPECT_THAT(described, HasSubstr("token:        9 bytes"));
  EXPECT_THAT(Run({"describe", "secret/b"}).out, HasSubstr("bin:          3 bytes"));
  for (const std::string& shown :
       {described, Run({"describe", "job/j"}).out, Run({"events"}).out,
        Run({"get", "job/j", "-o", "yaml"}).out, Run({"get", "trainingjob/j", "-o", "yaml"}).out,
        Run({"render", WriteFile("all.yaml", std::string(kJob) + "---\n" + kSecret), "--plan"}).out,
        Run({"get", "all", "-o", "yaml"}).out}) {
    // The command of the test's own job has it, which is no Secret's value.
    std::string text = shown;
    for (std::size_t at; (at = text.find(std::string("= ") + kHush)) != std::string::npos;) {
      text.erase(at, sizeof kHush + 1);
    }
    EXPECT_THAT(text, Not(HasSubstr(kHush)));
  }
  EXPECT_THAT(ModesOf("state.db"), testing::ElementsAre(0600u));
  EXPECT_THAT(ModesOf("plan.json"), testing::ElementsAre(0600u));
  for (const char* beside : {"state.db-wal", "state.db-shm"}) {
    for (const unsigned mode : ModesOf(beside)) EXPECT_EQ(mode, 0600u) << beside;
  }
  EXPECT_THAT(ModesOf("t"), testing::ElementsAre(0644u));
  EXPECT_THAT(ModesOf("b"), testing::ElementsAre(0400u));
}

TEST_F(SecretsTest, AJobWaitsForOneThatIsNotThereAndThenStarts) {
  ASSERT_EQ(Run({"apply", "-f", WriteFile("j.yaml", kJob)}).code, 0);
  EXPECT_TRUE(Eventually([&] {
    return Run({"describe", "job/j"}).out.find("there is no Secret default/s: apply it") !=
           std::string::npos;
  }));
  ASSERT_EQ(Run({"apply", "-f", WriteFile("s.yaml", kSecret)}).code, 0);
  EXPECT_EQ(Run({"wait", "job/j", "--for=condition=Complete", "--timeout=60s"}).code, 0);
}

TEST_F(SecretsTest, WrongOnesAreRefusedWithoutTheirValue) {
  const Outcome number = Run({"apply", "-f",
                              WriteFile("s.yaml",
                                        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
                                        "stringData:\n  pin: 4711\n")});
  EXPECT_EQ(number.code, 4);
  EXPECT_THAT(number.err, HasSubstr("s.yaml:5:8: stringData.pin: expected texts under keys"));
  EXPECT_THAT(number.err, Not(HasSubstr("4711 ")));
  const Outcome base64 = Run({"apply", "-f",
                              WriteFile("s.yaml",
                                        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
                                        "data: {k: 'hush!'}\n")});
  EXPECT_EQ(base64.code, 4);
  EXPECT_THAT(base64.err, HasSubstr("data.k: is no base64"));
  EXPECT_THAT(base64.err, Not(HasSubstr("hush")));
  // Bytes that are no text are a file, not a variable.
  ASSERT_EQ(Run({"apply", "-f", WriteFile("s.yaml", kSecret)}).code, 0);
  std::string job = kJob;
  const std::string named = "{name: s, key: token}";
  job.replace(job.find(named), named.size(), "{name: b, key: bin}");
  ASSERT_EQ(Run({"apply", "-f", WriteFile("j.yaml", job)}).code, 0);
  EXPECT_EQ(Run({"wait", "job/j", "--for=condition=Failed", "--timeout=60s"}).code, 0);
  EXPECT_THAT(Run({"describe", "job/j"}).out,
              HasSubstr("the key \"bin\" of the Secret default/b holds bytes that are no text: "
                        "mount it as a file"));
}

}  // namespace
}  // namespace lockstep
