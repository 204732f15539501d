using Fabric.Lab;
using Fabric.Lab.Commands;

try
{
    var parsed = LabCommands.Build().Parse(args);
    if (parsed.Errors.Count > 0)
    {
        foreach (var error in parsed.Errors)
        {
            Console.Error.WriteLine($"fabric-lab: {error.Message}");
        }

        return LabException.BadInput;
    }

    return parsed.Invoke(new() { EnableDefaultExceptionHandler = false });
}
catch (LabException e)
{
    foreach (var line in e.Message.Split('\n'))
    {
        Console.Error.WriteLine($"fabric-lab: {line}");
    }

    return e.ExitCode;
}
