using System.Text.RegularExpressions;

namespace Fabric.Architecture.Tests;

public sealed partial class SolutionTests
{
    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var listed = ProjectLine.Matches(File.ReadAllText(Path.Combine(Solution.Root, "Fabric.sln"))).Select(m => m.Groups["path"].Value.Replace('\\', '/'));
        Assert.Equal(Solution.ProjectFiles, listed.Where(p => p.EndsWith(".csproj", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_product_project_with_code_to_test_has_a_test_project()
    {
        var names = Solution.ProjectFiles.Select(Solution.NameOf).ToHashSet(StringComparer.Ordinal);
        Assert.DoesNotContain(Solution.ProjectFiles.Where(Solution.IsProduct).Select(Solution.NameOf), n => !names.Contains(n + ".Tests"));
    }

    [Fact]
    public void Package_versions_are_in_one_file()
    {
        foreach (var file in Solution.ProjectFiles.Append("Directory.Build.props"))
        {
            foreach (var package in Solution.Elements(file, "PackageReference"))
            {
                Assert.True(
                    package.Attribute("Version") is null && package.Attribute("VersionOverride") is null && package.Element("Version") is null,
                    $"{file} gives {(string?)package.Attribute("Include")} a version of its own; it belongs into Directory.Packages.props");
            }

            Assert.Empty(Solution.Elements(file, "PackageVersion"));
        }
    }

    [Fact]
    public void Every_package_version_is_exact()
    {
        var versions = Solution.Elements("Directory.Packages.props", "PackageVersion").Select(e => (string)e.Attribute("Version")!).ToList();
        Assert.NotEmpty(versions);
        Assert.All(versions, v => Assert.Matches(ExactVersion, v));
    }

    [Fact]
    public void Every_project_has_the_switches_of_the_house()
    {
        string[] switches = ["Nullable", "TreatWarningsAsErrors", "TargetFramework", "LangVersion", "AnalysisLevel", "ManagePackageVersionsCentrally"];
        foreach (var file in Solution.ProjectFiles)
        {
            Assert.All(switches, s => Assert.Empty(Solution.Elements(file, s)));
        }
    }

    [GeneratedRegex("""^Project\("[^"]*"\) = "[^"]*", "(?<path>[^"]*)",""", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ProjectLine { get; }

    [GeneratedRegex("""^\d+\.\d+\.\d+(\.\d+)?(-[0-9A-Za-z.-]+)?$""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ExactVersion { get; }
}
