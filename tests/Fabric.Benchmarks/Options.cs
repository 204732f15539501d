namespace Fabric.Benchmarks;

/// <summary>What to measure.</summary>
/// <param name="Compile">Compiler and diff.</param>
/// <param name="Api">Writes through the API.</param>
/// <param name="Leaves">Sizes of fabric.</param>
/// <param name="Additions">V-Nets to add to each.</param>
/// <param name="Duration">How long to write with each number of writers.</param>
/// <param name="Directory">Where the stores are put: the disk that is measured.</param>
public sealed record Options(bool Compile, bool Api, int[] Leaves, int Additions, TimeSpan Duration, string Directory)
{
    /// <summary>Parses the command line; null when it makes no sense.</summary>
    public static Options? Parse(string[] arguments)
    {
        var options = new Options(true, true, [10, 100, 1000], 400, TimeSpan.FromSeconds(5), Environment.CurrentDirectory);
        for (var i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--quick":
                    break;
                case "--once":
                    options = options with { Leaves = [10], Additions = 20, Duration = TimeSpan.FromSeconds(1) };
                    break;
                case "--compile":
                    options = options with { Api = false };
                    break;
                case "--api":
                    options = options with { Compile = false };
                    break;
                case "--dir" when i + 1 < arguments.Length:
                    options = options with { Directory = Path.GetFullPath(arguments[++i]) };
                    break;
                default:
                    return null;
            }
        }

        return options;
    }
}
